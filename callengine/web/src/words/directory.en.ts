// The words of the directory in English: houses, people, staff, imports, the log of readings.

export const directoryEn = {
  title: "Houses and people", tabs: "What to show", tab: { houses: "Houses", people: "People", meters: "Readings", duplicates: "Duplicates" },
  search: { houses: "Street and house, a former name too", people: "Name, number, address and flat" },
  found: "Found: {{count}}", none: "Nothing found", noneLead: { houses: "Check the street and the number, or add the house.", people: "Check the name, the number or the address, or make a card." },
  start: { houses: "Begin with the street", people: "Begin with a name or a number" }, startLead: { houses: "The beginning of a word will do: “чкал 17”, “пр-т мира 44”, “xrfkjdf 17”.", people: "A name, a piece of a number, or an address with the flat: “мира 44 кв 61”." },
  former: "formerly {{address}}", formerUntil: "{{address}}, until {{date}}", newHouse: "New house", newPerson: "New card", choose: "Choose on the left", chooseLead: "Arrows walk the list, Enter opens, / searches.",
  edit: "Edit", save: "Save", saved: "Saved", add: "Add", undo: "Bring back", remove: "Remove: {{what}}",
  meters: {
    title: "Meters", titleAt: "Meters: {{home}}", ofFlat: "Flat", add: "Meter", none: "No meters on record", noneLead: "Add one by the button “Meter”, or import them.", noneAsk: "Meters are added by a supervisor.",
    kind: { cold_water: "Cold water", hot_water: "Hot water", heat: "Heating", gas: "Gas", electricity: "Electricity", electricity_day: "Electricity by day", electricity_night: "Electricity by night" },
    verified: "verified until {{date}}", noReading: "no readings", noReadings: "No readings yet.", write: "Write a reading", history: "History", replace: "Replace", change: "Change: {{name}}", takeOff: "Take off: {{name}}",
    takeOffLead: "The meter leaves the flat. Its readings stay in the exports. It cannot be brought back: add it anew.", takeOffDo: "Take the meter off", takenOff: "Taken off: {{name}}",
    addTitle: "New meter", changeTitle: "Meter No. {{serial}}", replaceTitle: "In place of meter No. {{serial}}", replaceLead: "Write the old one's last reading before you replace it. The new one begins afresh.", replaced: "Meter replaced", hungNotOff: "The new meter is on record, but the old one is not off yet; press “Save” again.",
    flat: "Flat", what: "What it counts", serial: "Number", serialHint: "As it stands on the meter.", place: "Where it hangs", placeHint: "“kitchen”, “riser 2”", digits: "Digits before the point", digitsHint: "3 to 8.", most: "Much in a month", mostHint: "Above it we ask again; empty: as usual.", verifiedUntil: "Verified until",
    value: "Reading", period: "Month", note: "Note", reason: "Why it is corrected", source: "From", at: "When", home: "Where", meter: "Meter", acts: "Actions", numbered: "No. {{serial}}", lastIs: "The last one: {{value}}, {{period}}", correction: "{{period}} has {{value}} already. This becomes a correction: the old one stays in the history.",
    doubted: "More than {{value}} is rare for that time. Check the digits. If they are right, write it once more.", confirm: "It is right, write it", correct: "Correct", written: "Reading written", writtenJump: "Reading written, and flagged to be checked", corrected: "corrected",
    flag: { jump: "to check", checked: "checked" }, sources: { robot: "robot", operator: "as told", link: "by link", import: "from a file" }, call: "Call",
    mistake: { below: "Below the last reading: {{value}}", above: "It cannot be that much, at most {{value}}", ahead: "That month has not begun", serial: "The number as it stands on the meter, at most 60 characters", another: "That is another meter: replace the old one", twin: "A meter with that number is here already", flat: "Say in which flat" },
    wrong: { value: "Write it in digits: 123 or 123.456", period: "There is no such month", note: "At most 200 characters" },
    monthTitle: "Readings of a month", which: "Which to show", show: { jump: "To check", checked: "Checked", all: "All" }, empty: { jump: "Nothing to check", checked: "None checked", all: "No readings for this month" }, emptyLead: "Choose another month, or show all.", export: "Export {{format}}", right: "Right", checkedNote: "checked", checkedDone: "Reading checked",
  },
  house: {
    street: "Street", number: "House", district: "District", floors: "Floors", entrances: "Entrances", features: "Equipment", featuresHint: "with commas: lift, gas, chute; none if there is nothing",
    floorsIs: "{{count}} floors", entrancesIs: "entrances: {{count}}", knownPeople: "residents: {{count}}", premisesIs: "premises: {{count}}",
    open: "Open tickets", noOpen: "No open tickets", allTickets: "All tickets of the house", incidents: "Accidents and works", noIncidents: "No open accidents", accident: "accident", planned: "planned works", promised: "promised by {{time}}",
    residents: "Residents", show: "Show the residents", logged: "The reading goes into the log of readings.", noResidents: "No residents in the directory", noResidentsLead: "Make a card or import a list.", withoutFlat: "no flat",
    premises: "Entrances and premises", noPremises: "No premises yet", noPremisesLead: "Write them here (“Edit”) or import them.", entrance: "Entrance {{n}}", noEntrance: "Entrance not told", floor: "floor {{n}}", kind: { flat: "flat", office: "office", common: "common" },
    services: "Who serves it", noServices: "No contracts for the house", noServicesLead: "Tickets will stay unassigned.", contract: "contract {{code}}", everywhere: "all houses", branch: "section {{branch}}", until: "until {{date}}",
    title: "House", newTitle: "New house", doors: "Premises", door: "Premises {{n}}", doorNumber: "Number", doorKind: "Kind", doorEntrance: "Entrance", doorFloor: "Floor", addDoor: "Premises", renameLead: "The former name stays in the search and on old tickets.",
  },
  person: {
    numbers: "Numbers", noNumbers: "No numbers", homes: "Addresses", noHomes: "No address", tags: "Tags and notes", noTags: "No tags", tag: "tag", note: "note", kind: "Kind", tagText: "What to know about this person", term: "Term",
    terms: { "": "no end", "7": "a week", "30": "a month", "365": "a year" }, by: "{{author}}, {{date}}", until: "until {{date}}", forever: "no end", tagSaved: "Written down", tagGone: "Removed: {{text}}", open: "Open tickets", noOpen: "No open tickets",
    led: "That card was merged into this one", merge: "Merge…", mergeTitle: "Merge into this card", mergeLead: "Numbers, addresses, tags and tickets of the other card go to “{{name}}”. It can be undone.", mergeSearch: "Whom to join: name, number or address", mergeDo: "Merge", merged: "Merged: {{name}}", mergedWith: "Mergings", mergedIs: "{{name}}: numbers {{numbers}}, addresses {{homes}}, notes {{notes}}, tickets {{tickets}}", undoMerge: "Take apart", undone: "Two cards again", noOther: "There is no such person",
    title: "Card", newTitle: "New card", name: "Full name", number: "Number {{n}}", addNumber: "Number", home: "Address {{n}}", addHome: "Address", house: "Street and house", flat: "Flat", relation: "Who they are there", noHouse: "There is no such house",
    alike: "Known already, it seems", alikeWhy: { number: "the same number", name: "the same name and house" }, anyway: "Another person, save", stale: "The card was changed meanwhile", reread: "Read it anew",
  },
  duplicates: { title: "One person, it seems", why: { number: "One number: {{what}}", name: "One name and house: {{what}}" }, keep: "keep this one", family: "A whole family may have one number: mark only those who are one person.", take: "join: {{name}}", merge: "Merge", none: "No duplicates in sight", noneLead: "Cards with one number, or with one name at one house, stand here.", open: "open" },
};

export const staffEn = {
  title: "Staff", new: "New colleague", search: "Name or login", withFormer: "Former too", all: "All roles", role: "Role", col: { name: "Name", role: "Role", organisation: "Organisation", extension: "Phone", tickets: "In hand", state: "Sign-in" },
  none: "Nobody found", noneLead: "Change the filter or add a colleague.", choose: "Choose a colleague", chooseLead: "The list is on the left: arrows walk it.", login: "Login", loginHint: "It never changes: the history hangs on it.", name: "Name", organisation: "Organisation", own: "the service itself", extension: "Extension", phone: "Mobile", trade: "Trade", districts: "Districts of an inspector", districtsHint: "with commas; empty is the whole city", language: "Language", active: "Works here",
  password: "New password", passwordHint: "Empty leaves the old one. 8 characters or more; all sessions end.", passwordNew: "Nobody signs in without one. 8 characters or more.", save: "Save", saved: "Saved", former: "left", noPassword: "no password", can: "yes", above: "A role above yours: an administrator changes it.", back_one: "{{count}} ticket went back to the organisation: {{list}}", back_other: "{{count}} tickets went back to the organisation: {{list}}", openLead: "In hand: {{count}}. Take “Works here” off, and they go back to the organisation.",
  shifts: "Shifts", noShifts: "No shifts in two weeks", begins: "From", ends: "Until", note: "Note", addShift: "Add a shift", shiftGone: "The shift is off the plan", dropShift: "Remove the shift {{when}}", shiftSaved: "The shift is planned",
};

export const importsEn = {
  title: "Import", kind: "What is in the file", kinds: { houses: "Houses", premises: "Premises", organisations: "Organisations", contracts: "Contracts", staff: "Staff", residents: "Residents", classifier: "Classifier", meters: "Meters" }, columns: "Columns", optional: "may be there",
  drop: "Drop a CSV file here", dropLead: "UTF-8 or Windows-1251; commas, semicolons or tabs. First we show what would change.", pick: "Choose a file", other: "Another file",
  taken: "good rows", added: "new", changed: "change something", skipped: "with a mistake", mistakes: "Rows with a mistake", mistakesLead: "They are left out; the others are taken.", row: "row {{row}}", moreMistakes: "and {{count}} more", changes: "What would change", first: "the first {{count}}", nothing: "Nothing would change", nothingLead: "All in the file stands so already.", new: "new", before: "before", after: "after", field: "Field", what: "What", apply_one: "Apply {{count}} change", apply_other: "Apply {{count}} changes", done: "Applied: {{count}}", doneLead: "From the file {{name}}. Rows with a mistake: {{skipped}}.", more: "One more file", classifierLead: "On the classifier's page an import can be undone.",
};

export const readingsEn = {
  title: "Log of readings", lead: "Who read personal data, when and why.", who: "Who", everybody: "Everybody", what: "What", anything: "Anything", whats: { card: "card", recording: "recording", export: "export", edit: "card edited", ticket: "ticket", file: "file" }, whys: { card: "card opened", house: "list of residents", created: "made", changed: "changed", "likely duplicates": "search for duplicates", "incoming call": "incoming call" }, subject: "About whom or what", subjectHint: "person:12, house:3 or a number", why: "Why", at: "When", from: "From day", to: "To day", any: "any", clear: "Reset", export: "Export CSV", none: "No readings in this filter", noneLead: "Each look at a card or a recording and each export stands here.", shown: "Shown: {{count}}",
};
