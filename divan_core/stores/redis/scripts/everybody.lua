-- Every occupied cell and the people in it. KEYS: the index's five. ARGV: 1 now.
-- Answers -1 when to call again, because many have ended.
-- include: terms.lua
-- include: index.lua
if sweep(tonumber(ARGV[1]), 1000) then
  return -1
end
return redis.call('HGETALL', grid)
