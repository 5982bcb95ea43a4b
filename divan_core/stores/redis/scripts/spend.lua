-- Admit an answer about people, counting each distinct one once in the window.
-- KEYS: the people met lately, by when last. ARGV: 1 clock, 2 count, 3 window in ms, 4... people.
-- Answers the milliseconds to wait, 0 when it was admitted.
-- include: terms.lua
local met, most, span = KEYS[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local now = moment(ARGV[1])
redis.call('ZREMRANGEBYSCORE', met, '-inf', now - span)

local asked, distinct, known = {}, 0, 0
for at = 4, #ARGV do
  local uid = ARGV[at]
  if not asked[uid] then
    asked[uid] = true
    distinct = distinct + 1
    known = known + (redis.call('ZSCORE', met, uid) and 1 or 0)
  end
end
if distinct > most then
  return span
end

-- Those met and not asked for now must make room, the longest unmet first.
local excess = redis.call('ZCARD', met) - known + distinct - most
if excess > 0 then
  local others = redis.call('ZRANGE', met, 0, -1, 'WITHSCORES')
  for at = 1, #others, 2 do
    excess = excess - (asked[others[at]] and 0 or 1)
    if excess == 0 then
      return others[at + 1] + span - now
    end
  end
end

for uid in pairs(asked) do
  redis.call('ZADD', met, now, uid)
end
redis.call('PEXPIRE', met, span + 60000)
return 0
