-- The index of one campus: who stands in which public cell. Keys as in keys.py.
local people, deadlines, grid, sizes, leaves = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]

-- The head of a person's value, see proposal.py: when their last lease ends or, offline, the value
-- can go; when the value can go; the cell they stand in (0 when in none); and how many bytes their
-- last fix takes. Fix and record follow. What deadlines has of a person is never later than the
-- value has it, and mostly earlier: a heartbeat leaves it, and whoever meets it looks again.
local HEAD, HEAD_BYTES = '<dddB', 25

-- Cells are numbers, as names.py has them; the highest digits are the size.
local function count(cell, by)
  local size = math.floor(cell / 2 ^ 40)
  if redis.call('HINCRBY', sizes, size, by) < 1 then
    redis.call('HDEL', sizes, size)
  end
end

local function leave(uid, cell)
  local there = redis.call('HGET', grid, cell) or ''
  local at = there:find(uid, 1, true)
  while at and at % 16 ~= 1 do
    at = there:find(uid, at + 1, true)
  end
  if not at then
    return
  end
  if #there == 16 then
    redis.call('HDEL', grid, cell)
    redis.call('HDEL', leaves, cell)
  else
    redis.call('HSET', grid, cell, there:sub(1, at - 1) .. there:sub(at + 16))
  end
  count(cell, -1)
end

-- The first one in brings the notice that is published for whoever is swept out.
local function enter(uid, cell, leave_notice)
  local there = redis.call('HGET', grid, cell)
  if not there then
    redis.call('HSET', leaves, cell, leave_notice)
  end
  redis.call('HSET', grid, cell, (there or '') .. uid)
  count(cell, 1)
end

-- Somebody's deadline has come, if it is not later by now: their last lease has ended, or nothing
-- of them is needed any more.
local function expire(uid, now)
  local value = redis.call('HGET', people, uid)
  if not value then
    redis.call('ZREM', deadlines, uid)
    return
  end
  local deadline, keep, cell, fix_bytes = struct.unpack(HEAD, value)
  if deadline > now then
    redis.call('ZADD', deadlines, deadline, uid)
    return
  end
  if cell ~= 0 then
    local notice = redis.call('HGET', leaves, cell)
    if notice then
      redis.call('PUBLISH', CHANNEL, notice)
    end
    leave(uid, cell)
  end
  if keep <= now then
    redis.call('HDEL', people, uid)
    redis.call('ZREM', deadlines, uid)
  else
    local head = struct.pack(HEAD, keep, keep, 0, fix_bytes)
    redis.call('HSET', people, uid, head .. value:sub(HEAD_BYTES + 1))
    redis.call('ZADD', deadlines, keep, uid)
  end
end

-- Take out who has ended by now, at most so many; whether there may be more.
local function sweep(now, most)
  local due = redis.call('ZRANGEBYSCORE', deadlines, '-inf', now, 'LIMIT', 0, most)
  for _, uid in ipairs(due) do
    expire(uid, now)
  end
  return #due == most
end
