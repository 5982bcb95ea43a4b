-- Drop what has ended, and record changes announced and never followed up.
-- KEYS: the index's five, seen, pending, journal. ARGV: 1 now, 2 clock.
-- Answers 1 when there may be more.
-- include: terms.lua
-- include: index.lua
-- include: changes.lua
local now = tonumber(ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[6], '-inf', now - DAY_MS)
note_overdue(KEYS[7], KEYS[8], moment(ARGV[2]))
return sweep(now, 1000) and 1 or 0
