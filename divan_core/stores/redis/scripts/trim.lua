-- Drop what every group has acknowledged. KEYS: stream, leases.
-- ARGV: 1 most entries that no group reads, 2 how many groups are given up, then these, then the
--   groups there are.
-- Answers how many entries were dropped.
-- include: stream.lua
local stream, leases = KEYS[1], KEYS[2]
if redis.call('EXISTS', stream) == 0 then
  return 0
end
local present = 3 + ARGV[2]
for at = 3, present - 1 do
  if redis.call('XGROUP', 'DESTROY', stream, ARGV[at]) == 1 then
    redis.call('HSET', leases, CUT, '1')
  end
  redis.call('HDEL', leases, ARGV[at])
end

-- A group that has yet to take from this stream has acknowledged nothing.
local awaited = {}
for at = present, #ARGV do
  awaited[ARGV[at]] = true
end
local keep
for _, flat in ipairs(redis.call('XINFO', 'GROUPS', stream)) do
  local facts = facts_of(flat)
  awaited[facts.name] = nil
  local ms, seq = parts(facts['last-delivered-id'])
  local from = string.format('%.0f-%.0f', ms, seq + 1)
  if facts.pending > 0 then
    from = redis.call('XPENDING', stream, facts.name)[2]
  end
  if not keep or before(from, keep) then
    keep = from
  end
end
if next(awaited) then
  return 0
end
if keep then
  return redis.call('XTRIM', stream, 'MINID', '=', keep)
end
local dropped = redis.call('XTRIM', stream, 'MAXLEN', '~', ARGV[1])
if dropped > 0 then
  redis.call('HSET', leases, CUT, '1')
end
return dropped
