-- Cells around a point, and who stands in them.
-- Numbers of the cells of one size whose middles lie in (inner, outer] metres from a point;
-- see lattice.ring and names.py.
local function add_ring(cells, size, east, north, inner, outer)
  local x, y, far = east / size - 0.5, north / size - 0.5, outer / size
  local near = inner >= 0 and (inner / size) ^ 2 or -1
  local count = #cells
  for column = math.ceil(x - far), math.floor(x + far) do
    local across = (column - x) ^ 2
    local half = math.sqrt(math.max(far * far - across, 0))
    local base = (size * 2 ^ 20 + column + 2 ^ 19) * 2 ^ 20 + 2 ^ 19
    for row = math.ceil(y - half), math.floor(y + half) do
      if across + (row - y) ^ 2 > near then
        count = count + 1
        cells[count] = base + row
      end
    end
  end
end

-- Call back with each of these cells that is occupied, and the people in it.
local function each_occupied(cells, found)
  for first = 1, #cells, 1000 do
    local last = math.min(first + 999, #cells)
    for index, there in ipairs(redis.call('HMGET', grid, unpack(cells, first, last))) do
      if there then
        found(cells[first + index - 1], there)
      end
    end
  end
end
