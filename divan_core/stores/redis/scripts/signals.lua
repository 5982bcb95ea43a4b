-- What discovery asks of presence: when people were heard, who is near, who was heard last.
-- KEYS: the index's five, seen. ARGV: 1 now, 2 viewer, 3 metres that are near, 4 the latest moment
--   and 5 about how many of those heard last (0: none), 6 the people asked about, 16 bytes each.
-- Answers -1 (call again: many have ended), or: when each person was heard (nil: never), the
-- viewer's cell (0: no live presence), cells near it and the people in them; and if any heard last
-- are asked for: when each of those near was heard, people and moments, the moment down to which
-- these are complete.
-- include: terms.lua
-- include: index.lua
-- include: rings.lua
local SWEPT, MARGIN = 256, 1e-6
local now, seen, most = tonumber(ARGV[1]), KEYS[6], tonumber(ARGV[5])

if sweep(now, SWEPT) then
  return -1
end

-- When people were last heard.
local function heard(ids)
  local moments, count = {}, 0
  for first = 1, #ids, 16000 do
    local portion = {}
    for at = first, math.min(first + 15999, #ids), 16 do
      portion[#portion + 1] = ids:sub(at, at + 15)
    end
    for _, moment in ipairs(redis.call('ZMSCORE', seen, unpack(portion))) do
      count = count + 1
      moments[count] = moment
    end
  end
  return moments
end

local value = redis.call('HGET', people, ARGV[2])
local cell = 0
if value then
  local _, _, stands = struct.unpack(HEAD, value)
  cell = stands
end

local near, neighbours = {}, {}
if cell ~= 0 then
  local size, place = math.floor(cell / 2 ^ 40), cell % 2 ^ 40
  local east = (math.floor(place / 2 ^ 20) - 2 ^ 19 + 0.5) * size
  local north = (place % 2 ^ 20 - 2 ^ 19 + 0.5) * size
  local cells = {}
  for _, one in ipairs(redis.call('HKEYS', sizes)) do
    add_ring(cells, tonumber(one), east, north, -1, ARGV[3] + MARGIN)
  end
  each_occupied(cells, function(number, there)
    near[#near + 1], near[#near + 2] = number, there
    neighbours[#neighbours + 1] = there
  end)
end

local reply = {heard(ARGV[6]), cell, near}
if most == 0 then
  return reply
end

local since = '(' .. (now - DAY_MS)
local last = redis.call('ZREVRANGEBYSCORE', seen, ARGV[4], since, 'WITHSCORES', 'LIMIT', 0, most)
local complete = 0
if #last == 2 * most then
  complete = last[#last]
  local filled = #last
  while filled > 0 and last[filled] == complete do
    last[filled], last[filled - 1] = nil, nil
    filled = filled - 2
  end
  for _, uid in ipairs(redis.call('ZRANGEBYSCORE', seen, complete, complete)) do
    last[filled + 1], last[filled + 2] = uid, complete
    filled = filled + 2
  end
end
reply[4], reply[5], reply[6] = heard(table.concat(neighbours)), last, complete
return reply
