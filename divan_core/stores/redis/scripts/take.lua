-- Take entries for a consumer of a group, and take or renew its lease.
-- KEYS: stream, leases, the campus's streams. ARGV: 1 clock, 2 group, 3 consumer, 4 length of a
--   lease in ms, 5 most, 6 tenure that the consumer knows of, 7 the last entry it got in that.
-- Answers nil when there is no stream or somebody else has the lease; else the tenure, and for each
-- entry: id, how often it was taken, event.
-- include: terms.lua
-- include: stream.lua
local stream, leases, group, consumer = KEYS[1], KEYS[2], ARGV[2], ARGV[3]
local now, most = moment(ARGV[1]), tonumber(ARGV[5])

local ends, tenure, holder = lease_of(leases, group)
local held = holder == consumer
if redis.call('EXISTS', stream) == 0 or not held and (ends > now or most == 0) then
  return false
end
if not held then
  tenure = math.max(tenure, now) + 1
end

local reply = {string.format('%.0f', tenure)}
local function give(entry, count)
  local at, fields = #reply, entry[2]
  reply[at + 1], reply[at + 2] = entry[1], count
  reply[at + 3] = fields[1] == 'event' and fields[2] or ''
end

-- First what is pending and was not given in this tenure: in a new one, everything.
local after = '-'
if ARGV[6] == reply[1] and ARGV[7] ~= '' then
  after = '(' .. ARGV[7]
end
local pending = most > 0 and redis.pcall('XPENDING', stream, group, after, '+', most) or {}
if pending.err then
  if not pending.err:find('NOGROUP', 1, true) then
    return pending
  end
  redis.call('XGROUP', 'CREATE', stream, group, '0')
  if redis.call('HEXISTS', leases, CUT) == 1 then
    redis.call('DEL', KEYS[3])
  end
end
if #pending > 0 then
  local ids, counts = {}, {}
  for at, one in ipairs(pending) do
    ids[at], counts[one[1]] = one[1], one[4] + 1
  end
  for _, entry in ipairs(redis.call('XCLAIM', stream, group, READER, 0, unpack(ids))) do
    if entry then
      give(entry, counts[entry[1]])
      counts[entry[1]] = nil
    end
  end
  for deleted in pairs(counts) do
    redis.call('XACK', stream, group, deleted)
  end
end

local left = most - #pending
if left > 0 then
  local read = redis.call(
    'XREADGROUP', 'GROUP', group, READER, 'COUNT', left, 'STREAMS', stream, '>')
  for _, entry in ipairs(read and read[1][2] or {}) do
    give(entry, 1)
  end
end
-- Last, as a server that is out of memory lets a script write which has begun to, and no other:
-- consumers have to go on there, or nothing would ever be trimmed.
keep_lease(leases, group, now + ARGV[4], tenure, consumer)
return reply
