-- Who has to do with a topic. KEYS: campuses, groups by when they last took.
-- ARGV: 1 clock, 2 milliseconds after which a group is given up, 3 the group that takes, if any.
-- Answers campuses, groups, and groups that are given up.
-- include: terms.lua
local now = moment(ARGV[1])
if ARGV[3] ~= '' then
  redis.call('ZADD', KEYS[2], now, ARGV[3])
end
local edge = now - ARGV[2]
return {
  redis.call('SMEMBERS', KEYS[1]),
  redis.call('ZRANGEBYSCORE', KEYS[2], '(' .. edge, '+inf'),
  redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', edge),
}
