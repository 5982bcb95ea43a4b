-- Admissions of one person under one limit: a list of moments, youngest first. The limit's windows
-- are the arguments from ARGV[first] on: count, milliseconds, count, milliseconds...

-- How long until one more fits; see kernel/limits.py.
local function wait_ms(list, now, first)
  local longest = 0
  for at = first, #ARGV, 2 do
    local admitted = redis.call('LINDEX', list, ARGV[at] - 1)
    if admitted then
      longest = math.max(longest, admitted + ARGV[at + 1] - now)
    end
  end
  return longest
end

-- Keep one admission; whether it is the first of a list.
local function admit(list, now, first)
  local most = 0
  for at = first, #ARGV, 2 do
    most = math.max(most, ARGV[at])
  end
  local count = redis.call('LPUSH', list, now)
  if count >= 2 * most then
    redis.call('LTRIM', list, 0, most - 1)
  end
  return count == 1
end

-- Let the list live for a minute longer than its admissions count.
local function renew(list, first)
  local span = 0
  for at = first, #ARGV, 2 do
    span = math.max(span, ARGV[at + 1])
  end
  redis.call('PEXPIRE', list, span + 60000)
end

local function remember(list, now, first)
  admit(list, now, first)
  renew(list, first)
end
