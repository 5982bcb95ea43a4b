-- Admit one question of a person, and tell what the journal has after a position.
-- KEYS: pending, journal, the limit's list. ARGV: 1 clock, 2 position, 3... windows.
-- Answers the milliseconds to wait, or the last position and the people changed (nil: anybody).
-- include: terms.lua
-- include: admission.lua
-- include: changes.lua
local now = moment(ARGV[1])
local wait = wait_ms(KEYS[3], now, 3)
if wait > 0 then
  return wait
end
remember(KEYS[3], now, 3)
note_overdue(KEYS[1], KEYS[2], now)
local position, changed = news(KEYS[2], ARGV[2])
return {position, changed}
