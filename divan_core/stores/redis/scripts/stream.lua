-- Streams of events. An entry has one field, 'event'. A group has one consumer at a time, whom its
-- lease names: 'until tenure consumer' in the hash of leases. To Redis all consumers are READER, so
-- what one leaves unacknowledged is pending for the next without being moved.
local BELLS, READER = 'divan:events', 'divan'

-- Stands in the hash of leases when entries were dropped that a group had not read.
local CUT = ''

local function lease_of(leases, group)
  local lease = redis.call('HGET', leases, group) or '0 0 '
  local ends, tenure, holder = lease:match('^(%S+) (%S+) (.*)$')
  return tonumber(ends), tonumber(tenure), holder
end

local function keep_lease(leases, group, ends, tenure, holder)
  redis.call('HSET', leases, group, string.format('%.0f %.0f %s', ends, tenure, holder))
end

local function parts(id)
  local ms, seq = id:match('^(%d+)-(%d+)$')
  return tonumber(ms), tonumber(seq)
end

local function before(one, other)
  local ms, seq = parts(one)
  local other_ms, other_seq = parts(other)
  return ms < other_ms or ms == other_ms and seq < other_seq
end

local function facts_of(flat)
  local facts = {}
  for at = 1, #flat, 2 do
    facts[flat[at]] = flat[at + 1]
  end
  return facts
end

-- Whether a stream is gone, or an entry of it that the caller knows ('' for none) without having
-- been trimmed: the server began again from an older copy of its data.
local function lost(stream, known)
  if redis.call('EXISTS', stream) == 0 then
    return true
  end
  if known == '' or #redis.call('XRANGE', stream, known, known) == 1 then
    return false
  end
  local first = redis.call('XRANGE', stream, '-', '+', 'COUNT', 1)[1]
  local oldest = first and first[1]
  if not oldest then
    oldest = facts_of(redis.call('XINFO', 'STREAM', stream))['last-generated-id']
  end
  return before(oldest, known)
end
