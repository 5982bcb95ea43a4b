-- Write a change into the journal. KEYS: pending, journal.
-- ARGV: 1 the announcement that this follows up ('' for none), 2 people, 3 notice.
-- include: terms.lua
-- include: changes.lua
if ARGV[1] ~= '' then
  redis.call('ZREM', KEYS[1], ARGV[1])
end
note(KEYS[2], ARGV[2])
redis.call('PUBLISH', CHANNEL, ARGV[3])
return 0
