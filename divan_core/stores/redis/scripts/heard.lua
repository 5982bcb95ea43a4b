-- When people were last heard within a day, and whether they are online.
-- KEYS: people, seen. ARGV: 1 now, 2... people.
-- Answers, for each: when (nil: not at all), and 1 when a lease runs.
-- include: terms.lua
local now = tonumber(ARGV[1])
local reply = {}
for at = 2, #ARGV do
  local uid = ARGV[at]
  local heard = redis.call('ZSCORE', KEYS[2], uid)
  local value = heard and redis.call('HGET', KEYS[1], uid)
  local online = false
  if value then
    local deadline, _, cell = struct.unpack('<ddd', value)
    online = deadline > now and cell ~= 0
  end
  heard = tonumber(heard) or false
  if heard and not online and heard <= now - DAY_MS then
    heard = false
  end
  reply[2 * at - 3], reply[2 * at - 2] = heard, online and 1 or 0
end
return reply
