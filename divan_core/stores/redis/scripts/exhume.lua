-- Empty a stream of dead letters. KEYS: dead letters. Answers how many they were.
local count = redis.call('XLEN', KEYS[1])
redis.call('DEL', KEYS[1])
return count
