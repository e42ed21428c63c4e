-- wrk: reads of random patients (WEFT_ASK=read) or searches of a random patient's readings by code and
-- date, newest first, 20 a page, over what record_bench made (WEFT_PATIENTS of them). Every answer's
-- status is checked; done() prints how many were not 200.
local head = { ["Authorization"] = "Bearer " .. os.getenv("WEFT_TOKEN") }
local patients = tonumber(os.getenv("WEFT_PATIENTS"))
local reading = os.getenv("WEFT_ASK") == "read"
math.randomseed(os.time())
bad = 0

function request()
  local i = math.random(0, patients - 1)
  if reading then return wrk.format("GET", "/fhir/Patient/b" .. i, head) end
  return wrk.format("GET", string.format(
    "/fhir/Observation?patient=b%d&code=http://loinc.org|%s&date=ge2026-%02d-01&_sort=-date&_count=20",
    i, i % 4 == 0 and "29463-7" or "8867-4", math.random(1, 4)), head)
end

function response(status) if status ~= 200 then bad = bad + 1 end end

local threads = {}
function setup(thread) threads[#threads + 1] = thread end
function done()
  local n = 0
  for _, t in ipairs(threads) do n = n + t:get("bad") end
  io.write("bad ", n, "\n")
end
