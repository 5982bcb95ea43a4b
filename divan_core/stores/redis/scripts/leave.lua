-- Give a lease back. KEYS: leases. ARGV: 1 group, 2 consumer, 3 ring of the bell.
-- include: stream.lua
local _, tenure, holder = lease_of(KEYS[1], ARGV[1])
if holder == ARGV[2] then
  keep_lease(KEYS[1], ARGV[1], 0, tenure, '')
  redis.call('PUBLISH', BELLS, ARGV[3])
end
return 0
