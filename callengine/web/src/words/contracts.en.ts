// The words of contracts, the working calendar, misroutes and rules in English.

export const contractsEn = {
  title: "Contracts", search: "Contract code or organisation", kind: "Kind", anyKind: "Any kind", which: "Which contracts", live: "In force today", all: "All", removed: "Taken away",
  add: "New contract", table: "List of contracts", code: "Code", organisation: "Organisation", serves: "Serves as", branch: "Branch", houses: "Houses", term: "Validity", priority: "Priority", hours: "Duty hours",
  everywhere: "whole city", always: "round the clock", work: "working hours", whole: "all tickets", openEnd: "open-ended", until: "till {{day}}", since: "from {{day}}",
  empty: "No contracts", emptyLead: "Import a CSV file or add the first one: without it tickets have nowhere to go.", emptyFound: "Nothing found", emptyFoundLead: "Change the filter.",
  emptyRemoved: "No contract was taken away", choose: "Choose a contract", chooseLead: "Or add a new one: press N.",
  newTitle: "New contract", oneTitle: "Contract {{code}}", by: "{{author}}, {{at}}", imported: "from a file", removedAt: "taken away {{at}}",
  codeHint: "As on paper: 14-U/2026", chooseOrganisation: "Choose an organisation", closed: "{{name}} (closed)", branchHint: "HVS, HVS-02, or nothing for all tickets", area: "Which houses", areaHouses: "By list", areaAll: "Whole city",
  addHouse: "Add a house", addHouseHint: "Street and number", noHouse: "There is no such house", drop: "Remove the house {{address}}", houseCount_one: "{{count}} house", houseCount_other: "{{count}} houses", more: "and {{count}} more",
  from: "In force from", to: "Till", priorityHint: "a lower number is asked first", dutyHours: "Duty hours", dutyAlways: "Round the clock", dutyWork: "Working hours", dutyWindow: "By the clock", opens: "From", closes: "Till", note: "Note",
  save: "Save", remove: "Take away", restore: "Bring back", undo: "Bring back", saved: "Contract {{code}} saved", gone: "Contract {{code}} taken away", back: "Contract {{code}} is in force again",
  warnings: "Look at this", needCode: "Write its code", needOrganisation: "Choose an organisation", needHouses: "A contract without houses: name them or choose the whole city",
  kinds: {
    management_company: "management company", water_utility: "water utility", heat_utility: "heat utility", power_utility: "power utility", gas_utility: "gas utility", utility: "utility", lift_company: "lift company", intercom_company: "intercom company",
    waste_operator: "waste operator", street_lighting: "street lighting", road_service: "road service", municipality: "municipality", inspectorate: "housing inspectorate", contact_centre: "contact centre", emergency_112: "112", gas_emergency_104: "104", police: "police, 102",
  },
  calendar: {
    title: "Working calendar", lead: "Terms in working days are counted by it. Holidays and moved days come with the country, your own exceptions are made here.", year: "Year", before: "Year before", after: "Year after", hours: "Working hours {{from}}–{{to}}",
    moves: "moved days of {{year}} are known", noMoves: "moved days of {{year}} are not decreed yet", legend: "Legend", working: "working", off: "day off", own: "your own exception", day: "Day", chooseDay: "Choose a day", chooseDayLead: "Arrows move, Enter opens.",
    works: "Working day", rests: "Day off", name: "Name", nameHint: "City day", save: "Save", reset: "As in the country", saved: "{{day}}: {{what}}", dropped: "{{day}}: as in the country again", undo: "Undo", byCountry: "by the country's calendar", byUs: "exception made by {{author}}",
    list: "Special days", workdays_one: "{{count}} working day", workdays_other: "{{count}} working days", unknown: "Country {{country}}: its holidays are not known, Monday to Friday work",
  },
  misroutes: {
    title: "Misroutes", lead: "What organisations declined, by ticket and address. Where another one accepts afterwards, a contract is suggested that sends it there at once.", by: "Count by", house: "Houses", street: "Streets", district: "Districts", days: "Period", day30: "30 days", day90: "90 days", day365: "A year",
    table: "Declines", matter: "Ticket", place: "Address", count: "Declines", declined: "Declined by", accepted: "Accepted after", last: "Last", empty: "No declines", emptyLead: "In this period the organisations accepted all that was sent to them.",
    choose: "Choose a row", chooseLead: "The suggestion and what it changes will stand here.", preview: "What would change", none: "No suggestion", branch: "Branch", contract: "New contract", nobody: "nobody", same: "no change", moreHouses: "and {{count}} more houses",
    waiting_one: "{{count}} ticket waits now: route it by hand", waiting_other: "{{count}} tickets wait now: route them by hand", reasons: "Reasons of declines", accept: "Make the contract", made: "Contract {{code}} made", undo: "Undo", undoMade: "Take the contract away", openContract: "Open the contract",
  },
  rules: {
    title: "Rules of terms", packs: "Rule packs", active: "in force here", source: "Basis: {{source}}", since: "since {{day}}", readOn: "read on {{day}}", rules: "Terms of tickets", duties: "Duties of the service", rule: "Rule", limit: "Limit", clock: "Clock", start: "Counted", when: "Condition", about: "Branches", where: "Basis",
    clocks: { accept: "accept", localise: "localise", fix: "fix", interim: "interim answer", paid: "confirm a paid job" }, starts: { registration: "from registration", damage: "from the date of damage", outage: "from the start of the outage" }, all: "all", default: "unless asked", monthly: "{{limit}} a month", window: "within {{window}}", unverified: "not checked against the text", none: "There is no rule pack for this country", noneLead: "Terms come from the classifier. A pack is chosen in config.toml: [locale] rules.",
    lead: "Of the classifier's term, the organisation's own and the rule's, the earliest stands. Figures are changed in the pack's file; a row with its last day stays beside the new one.",
  },
};
