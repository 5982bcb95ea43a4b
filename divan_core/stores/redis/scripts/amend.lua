-- Keep what a rule made of a person's record, if the record is still the one the rule was given.
-- KEYS: the index's five, seen, and the limit's list if there is one.
-- ARGV: 1 now, 2 person, 3 record expected ('' for none), 4 new value ('' for none), 5 deadline,
--   6 cell (0 when not online), 7 when heard ('' when not anew), 8 notice of the move, 9 notice
--   for leaving the cell, 10 lifetime of keys, 11 '1' to count the action,
--   12 clock, 13... windows.
-- Answers 0 (kept), the record there instead, -1 (notices are needed), or the milliseconds to wait.
-- include: terms.lua
-- include: index.lua
-- include: admission.lua
local SWEPT = 128
local now, uid = tonumber(ARGV[1]), ARGV[2]
local seen, list = KEYS[6], KEYS[7]

if sweep(now, SWEPT) then
  local due = redis.call('ZSCORE', deadlines, uid)
  if due and tonumber(due) <= now then
    expire(uid, now)
  end
end

local counted_at
if list then
  counted_at = moment(ARGV[12])
  local wait = wait_ms(list, counted_at, 13)
  if wait > 0 then
    return wait
  end
end

local left, entered, record = 0, tonumber(ARGV[6]), ''
local stored = redis.call('HGET', people, uid)
if stored then
  local _, cell, fix_bytes = struct.unpack(HEAD, stored)
  left, record = cell, stored:sub(HEAD_BYTES + fix_bytes + 1)
end
if record ~= ARGV[3] then
  return record
end
if left ~= entered then
  if ARGV[8] == '' then
    return -1
  end
  if left ~= 0 then
    leave(uid, left)
  end
  if entered ~= 0 then
    enter(uid, entered, ARGV[9])
  end
  redis.call('PUBLISH', CHANNEL, ARGV[8])
end
if ARGV[4] == '' then
  redis.call('HDEL', people, uid)
  redis.call('ZREM', deadlines, uid)
else
  redis.call('HSET', people, uid, ARGV[4])
  redis.call('ZADD', deadlines, ARGV[5], uid)
  for at = 1, 5 do
    redis.call('PEXPIRE', KEYS[at], ARGV[10])
  end
end
if ARGV[7] ~= '' then
  redis.call('ZADD', seen, ARGV[7], uid)
  redis.call('PEXPIRE', seen, DAY_MS + 60000)
end
if ARGV[11] == '1' then
  remember(list, counted_at, 13)
end
return 0
