-- What a group has before it. KEYS: stream, dead letters. ARGV: 1 group, 2 most that is counted.
-- Answers how many entries are not taken, pending, and dead.
-- include: stream.lua
local stream, dead = KEYS[1], redis.call('XLEN', KEYS[2])

-- Where the server does not know it: Redis 6.2, or entries deleted by hand.
local function count_after(id)
  local count = 0
  repeat
    local part = redis.call('XRANGE', stream, '(' .. id, '+', 'COUNT', 1000)
    count = count + #part
    id = #part > 0 and part[#part][1]
  until #part < 1000 or count >= tonumber(ARGV[2])
  return count
end

if redis.call('EXISTS', stream) == 1 then
  for _, flat in ipairs(redis.call('XINFO', 'GROUPS', stream)) do
    local facts = facts_of(flat)
    if facts.name == ARGV[1] then
      return {facts.lag or count_after(facts['last-delivered-id']), facts.pending, dead}
    end
  end
end
return {redis.call('XLEN', stream), 0, dead}
