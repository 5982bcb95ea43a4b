-- The journal of a campus: a stream of changes, and those announced whose commit is awaited.
local REMEMBERED, READ = 4096, 1000

-- Changed are people's ids, 16 bytes each, or '*' for more than are worth listing.
local function note(journal, changed)
  local position = redis.call('XADD', journal, 'MAXLEN', '~', REMEMBERED, '*', 'people', changed)
  redis.call('PEXPIRE', journal, DAY_MS)
  return position
end

-- An announcement is a ticket of 16 bytes, the people, and the notice to publish with the change.
local function note_overdue(pending, journal, now)
  for _, announced in ipairs(redis.call('ZRANGEBYSCORE', pending, '-inf', now, 'LIMIT', 0, 100)) do
    local changed, next_at = struct.unpack('<I4c0', announced, 17)
    note(journal, changed)
    redis.call('PUBLISH', CHANNEL, announced:sub(next_at))
    redis.call('ZREM', pending, announced)
  end
end

-- The journal's last position, and who changed after the given one; false when it is not known.
local function news(journal, since)
  local found = since ~= '' and redis.call('XRANGE', journal, since, '+', 'COUNT', READ) or {}
  if found[1] and found[1][1] == since and #found < READ then
    local changed = {}
    for at = 2, #found do
      changed[at - 1] = found[at][2][2]
      if changed[at - 1] == '*' then
        return found[#found][1], false
      end
    end
    return found[#found][1], table.concat(changed)
  end
  local last = redis.call('XREVRANGE', journal, '+', '-', 'COUNT', 1)[1]
  return last and last[1] or note(journal, ''), false
end
