-- Who stands around a person, and what the journal has new.
-- KEYS: the index's five, pending, journal, and the limit's list if there is one.
-- ARGV: 1 now, 2 person, 3 journal position, 4 clock, 5 radius, 6 beyond, 7-9 size, column and row
--   of the cell to begin with (size 0: none), 10 enough people, 11... windows.
-- Answers -1 (call again: many have ended), the milliseconds to wait, or: position, people changed
-- (nil: anybody), metres to which it is complete (-1: to the end), the viewer's fix ('': no live
-- presence), then cells and the people in them.
-- include: terms.lua
-- include: index.lua
-- include: rings.lua
-- include: admission.lua
-- include: changes.lua
local SWEPT, MARGIN = 256, 1e-6
local now, uid, list = tonumber(ARGV[1]), ARGV[2], KEYS[8]

if sweep(now, SWEPT) then
  return -1
end
local at = moment(ARGV[4])
note_overdue(KEYS[6], KEYS[7], at)

local value = redis.call('HGET', people, uid)
local cell, fix = 0, ''
if value then
  local _, _, stands, fix_bytes = struct.unpack(HEAD, value)
  cell, fix = stands, value:sub(HEAD_BYTES + 1, HEAD_BYTES + fix_bytes)
end
if cell == 0 or fix == '' then
  local position, changed = news(KEYS[7], ARGV[3])
  return {position, changed, -1, ''}
end
if list then
  local wait = wait_ms(list, at, 11)
  if wait > 0 then
    return wait
  end
  remember(list, at, 11)
end

local east, north = struct.unpack('<dd', fix, 9)
local radius, enough = tonumber(ARGV[5]), tonumber(ARGV[10])
local begin = tonumber(ARGV[6])
if ARGV[7] ~= '0' then
  local x, y = (ARGV[8] + 0.5) * ARGV[7] - east, (ARGV[9] + 0.5) * ARGV[7] - north
  begin = math.max(begin, math.sqrt(x * x + y * y))
end
begin = begin - MARGIN

local position, changed = news(KEYS[7], ARGV[3])
local reply = {position, changed, -1, fix}
local filled, found = 4, 0

local function add(cell, there)
  reply[filled + 1], reply[filled + 2] = cell, there
  filled = filled + 2
  found = found + #there / 16
end

local reaches, crowd, finest, furthest = {}, 0, math.huge, 0
local counts = redis.call('HGETALL', sizes)
for pair = 1, #counts, 2 do
  local size = tonumber(counts[pair])
  reaches[size] = math.max(radius, size)
  crowd = crowd + counts[pair + 1]
  finest, furthest = math.min(finest, size), math.max(furthest, reaches[size])
end

-- Whether a walk over all occupied cells is shorter than naming the cells of an annulus.
local function all_is_shorter(inner, outer)
  local cells = 0
  for size, reach in pairs(reaches) do
    local far, near = math.min(outer, reach) / size, math.max(inner, 0) / size
    cells = cells + math.pi * math.max(far * far - near * near, 0)
  end
  return cells > 64 and cells > redis.call('HLEN', grid)
end

local function search_all()
  filled = 4
  local all = redis.call('HGETALL', grid)
  for pair = 1, #all, 2 do
    add(tonumber(all[pair]), all[pair + 1])
  end
end

local function search(inner, outer)
  local cells = {}
  for size, reach in pairs(reaches) do
    if inner < reach + MARGIN then
      add_ring(cells, size, east, north, inner, math.min(outer, reach + MARGIN))
    end
  end
  each_occupied(cells, add)
end

-- Outward in steps: the first would find a quarter of what is asked for if each of the smallest
-- cells held one person, the next ones go by how many there really are.
local begin_squared = math.max(begin, 0) ^ 2
local area = finest * finest * enough / (4 * math.pi)
local inner, outer = begin, furthest
if crowd > enough then
  outer = math.min(furthest, math.ceil(math.sqrt(begin_squared + area)))
end
while true do
  if all_is_shorter(inner, outer) then
    search_all()
    return reply
  end
  search(inner, outer + MARGIN)
  if outer >= furthest then
    return reply
  end
  if found > enough then
    reply[3] = outer
    return reply
  end
  area = outer * outer - begin_squared
  area = area * math.min(math.max(1.2 * enough / math.max(found, 0.1), 1.5), 9)
  inner, outer = outer + MARGIN, math.min(furthest, math.ceil(math.sqrt(begin_squared + area)))
end
