-- Whether a campus's streams are there, with all that the caller knows of.
-- KEYS: the campus's streams, some of them. ARGV: an entry known of each of these.
-- Answers nil when something is lost, else the topics that there are streams of.
-- include: stream.lua
for at = 2, #KEYS do
  if lost(KEYS[at], ARGV[at - 1]) then
    return false
  end
end
local topics = redis.call('SMEMBERS', KEYS[1])
return #topics > 0 and topics
