-- Make a pending entry a dead letter. KEYS: stream, dead letters.
-- ARGV: 1 clock, 2 most dead letters, 3 group, 4 id, 5 event, 6 reason, 7 how often it was taken.
-- include: terms.lua
if redis.call('XACK', KEYS[1], ARGV[3], ARGV[4]) == 1 then
  redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[2], '*', 'event', ARGV[5], 'group', ARGV[3],
    'reason', ARGV[6], 'count', ARGV[7], 'at', moment(ARGV[1]))
end
return 0
