-- Append events to a stream. KEYS: stream, the campus's streams.
-- ARGV: 1 topic, 2 an entry that the caller knows ('' for none), 3 ring of the bell, 4... events.
-- Answers the last entry, and 1 when the stream has just begun or had lost something.
-- include: stream.lua
local begun = lost(KEYS[1], ARGV[2])
local last
for at = 4, #ARGV do
  last = redis.call('XADD', KEYS[1], '*', 'event', ARGV[at])
end
begun = redis.call('SADD', KEYS[2], ARGV[1]) == 1 or begun
redis.call('PUBLISH', BELLS, ARGV[3])
return {last, begun and 1 or 0}
