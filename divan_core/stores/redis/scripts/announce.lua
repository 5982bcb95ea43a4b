-- Say that a change may be committed. KEYS: pending. ARGV: 1 clock, 2 announcement, 3 patience in ms.
-- include: terms.lua
redis.call('ZADD', KEYS[1], moment(ARGV[1]) + ARGV[3], ARGV[2])
redis.call('PEXPIRE', KEYS[1], DAY_MS)
return 0
