-- Keep what a rule made of a person's record, if the record is still the one the rule was given.
-- KEYS: the index's five, seen, and the limit's list if there is one.
-- ARGV: 1 five numbers: now, deadline, cell (0 when not online), when heard (0 when not anew) and
--   the lifetime of keys; 2 person, 3 record expected ('' for none), 4 new value ('' for none),
--   5 notice of the move, 6 notice for leaving the cell, 7 '1' to count the action, 8 clock,
--   9... windows.
-- Answers 0 (kept), the record there instead, -1 (notices are needed), or the milliseconds to wait.
-- include: terms.lua
-- include: index.lua
-- include: admission.lua
local SWEPT, RENEWED_MS = 128, 30000
local now, deadline, entered, heard, lifetime = struct.unpack('<ddddd', ARGV[1])
local uid, seen, list = ARGV[2], KEYS[6], KEYS[7]

local many = sweep(now, SWEPT)
local counted_at
if list then
  counted_at = moment(ARGV[8])
  local wait = wait_ms(list, counted_at, 9)
  if wait > 0 then
    return wait
  end
end

if many then
  expire(uid, now) -- it may not have been their turn
end
local due, kept, left, record = 0, 0, 0, ''
local stored = redis.call('HGET', people, uid)
if stored then
  local fix_bytes
  due, kept, left, fix_bytes = struct.unpack(HEAD, stored)
  record = stored:sub(HEAD_BYTES + fix_bytes + 1)
end
if record ~= ARGV[3] then
  return record
end
local moved = left ~= entered
if moved then
  if ARGV[5] == '' then
    return -1
  end
  if left ~= 0 then
    leave(uid, left)
  end
  if entered ~= 0 then
    enter(uid, entered, ARGV[6])
  end
  redis.call('PUBLISH', CHANNEL, ARGV[5])
end
local first_heard = heard ~= 0 and redis.call('ZADD', seen, heard, uid) == 1
-- Each half minute of a person's heartbeats renews the lives of keys.
local _, keep = struct.unpack('<dd', ARGV[4] ~= '' and ARGV[4] or ('\0'):rep(16))
local fresh = stored and math.floor(keep / RENEWED_MS) == math.floor(kept / RENEWED_MS)
if ARGV[4] == '' then
  redis.call('HDEL', people, uid)
  redis.call('ZREM', deadlines, uid)
else
  redis.call('HSET', people, uid, ARGV[4])
  if deadline < due or not stored then
    redis.call('ZADD', deadlines, deadline, uid)
  end
  -- Keys begin without an end, and only those of cells do so while others go on.
  if moved or first_heard or not fresh then
    for at = 1, 5 do
      redis.call('PEXPIRE', KEYS[at], lifetime)
    end
    redis.call('PEXPIRE', seen, DAY_MS + 60000)
  end
end
local first_counted = ARGV[7] == '1' and admit(list, counted_at, 9)
if list and (first_counted or not fresh) then
  renew(list, 9)
end
return 0
