-- wrk: what WEFT_ASK names, over what record_bench made (WEFT_PATIENTS, WEFT_RICH of which have
-- readings): read = a random patient by id; search = a random patient's readings by code and date,
-- newest first, 20 a page; identifier = a patient by identifier; type = readings of everybody by
-- code and date, newest first, 20 a page. Every answer's status is checked; done() prints how many
-- were not 200.
local head = { ["Authorization"] = "Bearer " .. os.getenv("WEFT_TOKEN") }
local patients, rich = tonumber(os.getenv("WEFT_PATIENTS")), tonumber(os.getenv("WEFT_RICH"))
local ask = os.getenv("WEFT_ASK")
math.randomseed(os.time())
bad = 0

local function path()
  local i = math.random(0, (ask == "search" and rich or patients) - 1)
  if ask == "read" then return "/fhir/Patient/b" .. i end
  if ask == "identifier" then return "/fhir/Patient?identifier=urn:bench|" .. i end
  return string.format(
    "/fhir/Observation?%scode=http://loinc.org|%s&date=ge2026-%02d-01&_sort=-date&_count=20",
    ask == "search" and "patient=b" .. i .. "&" or "", i % 4 == 0 and "29463-7" or "8867-4", math.random(1, 4))
end

function request() return wrk.format("GET", path(), head) end
function response(status) if status ~= 200 then bad = bad + 1 end end

local threads = {}
function setup(thread) threads[#threads + 1] = thread end
function done()
  local n = 0
  for _, t in ipairs(threads) do n = n + t:get("bad") end
  io.write("bad ", n, "\n")
end
