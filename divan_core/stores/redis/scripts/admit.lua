-- Admit one action of a person. KEYS: the limit's list. ARGV: 1 clock, 2... windows.
-- Answers the moment of the admission, or less than 0: minus the milliseconds to wait.
-- include: terms.lua
-- include: admission.lua
local now = moment(ARGV[1])
local wait = wait_ms(KEYS[1], now, 2)
if wait > 0 then
  return -wait
end
remember(KEYS[1], now, 2)
return now
