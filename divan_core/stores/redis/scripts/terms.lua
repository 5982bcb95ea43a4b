-- What all scripts agree on.
local CHANNEL, DAY_MS = 'divan:notices', 86400000

-- Epoch milliseconds: as the caller's clock says, or, when it has none, this server's.
local function moment(given)
  if given ~= '' then
    return tonumber(given)
  end
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end
