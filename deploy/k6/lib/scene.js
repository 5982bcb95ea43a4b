// What the scenarios have in common: where the server is, how many people come, and who they say
// they are.

export const DRY_RUN = __ENV.K6_DRY_RUN === "1";
export const ORIGIN = __ENV.DIVAN_URL || "http://127.0.0.1:8000";

export const NOBODY = "00000000-0000-0000-0000-000000000000";
export const CAMPUS = "00000000-0000-0000-0000-0000000000ca";

const load = {
  executor: "ramping-vus",
  startVUs: 0,
  stages: [
    { target: 300, duration: "30s" },
    { target: 300, duration: "60s" },
    { target: 0, duration: "10s" },
  ],
  gracefulStop: "10s",
};

export const scenario = DRY_RUN ? { executor: "shared-iterations", vus: 1, iterations: 1 } : load;

// No failure, and these requests answered quickly; in a dry run the checks alone.
export const thresholds = (...names) =>
  DRY_RUN
    ? { checks: ["rate==1"] }
    : {
        checks: ["rate==1"],
        http_req_failed: ["rate==0"],
        ...Object.fromEntries(names.map((it) => [`http_req_duration{name:${it}}`, ["p(95)<50"]])),
      };

export const credentials = (person) =>
  person.token
    ? { Authorization: `Bearer ${person.token}` }
    : { "X-User-Id": person.user_id, "X-Campus-Id": person.campus_id };
