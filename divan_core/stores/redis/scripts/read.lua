-- What the journal has after a position. KEYS: pending, journal. ARGV: 1 position, 2 clock.
-- Answers the last position and the people changed (nil: anybody).
-- include: terms.lua
-- include: changes.lua
note_overdue(KEYS[1], KEYS[2], moment(ARGV[2]))
local position, changed = news(KEYS[2], ARGV[1])
return {position, changed}
