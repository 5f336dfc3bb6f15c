// Written by generate_types.py from callengine/api/schemas.py: change that, then `npm run generate`.

export interface Page<Item> {
  items: Item[];
  next: string | null;
}

export interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
  code: string;
  errors: Record<string, unknown>[];
}

export interface PbxHealth {
  name: string;
  state: "connecting" | "up" | "down" | "refused";
  since: string;
  seen_at: string | null;
  lag_seconds: number | null;
  skew_seconds: number | null;
  corrected_seconds: number;
  problem: string;
}

export interface SpeechHealth {
  engine: string;
  prompts: number;
  missing: number | null;
  failed: number;
  problem: string;
  transcripts: "off" | "on" | "failed";
  transcripts_problem: string;
}

export interface Health {
  status: "ok" | "degraded";
  version: string;
  pbx: PbxHealth[];
  store: "ok" | "failed";
  speech: SpeechHealth | null;
}

export interface SignIn {
  login: string;
  password: string;
}

export interface SampleAccount {
  login: string;
  password: string;
  role: "administrator" | "supervisor" | "operator" | "organisation_manager" | "executor" | "inspector";
  name: string;
}

export interface SignInHints {
  sandbox: boolean;
  language: "ru" | "en";
  timezone: string;
  accounts: SampleAccount[];
}

export interface Me {
  id: number | null;
  login: string;
  name: string;
  role: "administrator" | "supervisor" | "operator" | "organisation_manager" | "executor" | "inspector";
  extension: string | null;
  language: string;
  state: "offline" | "ready" | "pause" | "after_call";
  state_reason: string;
  state_since: string | null;
  sandbox: boolean;
  timezone: string;
}

export interface StateChange {
  state: "ready" | "pause" | "after_call";
  reason?: string;
}

export interface PasswordChange {
  old: string;
  new: string;
}

export interface RecordingRef {
  id: number;
  seconds: number | null;
  state: string;
}

export interface PersonRef {
  id: number;
  name: string;
  address: string;
  premise: string;
}

export interface OfferView {
  operator: string;
  began_at: string;
  ended_at: string | null;
  result: string | null;
}

export interface TalkView {
  operator: string;
  began_at: string;
  ended_at: string | null;
}

export interface DutyRef {
  id: number;
  state: string;
  due_at: string;
  legal_due_at: string;
}

export interface Call {
  id: number;
  pbx: string;
  linkedid: string;
  direction: string;
  number: string;
  number_kind: string;
  name: string;
  did: string;
  queue: string;
  state: string;
  outcome: string | null;
  missed: string | null;
  arrived_at: string;
  queued_at: string | null;
  offered_at: string | null;
  answered_at: string | null;
  ended_at: string | null;
  operator: string;
  operator_name: string;
  wait_seconds: number | null;
  talk_seconds: number;
  held_seconds: number;
  robot: boolean;
  source: string;
  recorded: boolean;
  recording: RecordingRef | null;
  ticket_numbers: string[];
  duty: DutyRef | null;
  people: PersonRef[];
}

export interface HandoverView {
  id: string;
  call_id: number;
  number: string;
  operator: string;
  state: string;
  began_at: string;
  answered_at: string | null;
  ended_at: string | null;
  why: string;
}

export interface CallDetail extends Call {
  offers: OfferView[];
  talks: TalkView[];
  handovers: HandoverView[];
}

export interface CallTotals {
  calls: number;
  missed: number;
  conversations: number;
  recorded: number;
}

export interface Dial {
  to: string;
  extension?: string | null;
  duty_id?: number | null;
}

export interface Transfer {
  to: string;
  warm?: boolean;
}

export interface HoldCall {
  hold: boolean;
}

export interface DemoCall {
  kind?: "known" | "unknown" | "withheld" | "hangup" | "busy_day";
}

export interface Started {
  started: boolean;
}

export interface Dialled {
  request_id: string;
  state: "sent" | "accepted" | "unknown";
}

export interface TagNote {
  id: number;
  text: string;
  author: string;
  created_at: string;
  expires_at: string | null;
  kind: "note" | "tag";
}

export interface NoteBody {
  text: string;
  expires_at?: string | null;
  kind?: "note" | "tag";
}

export interface OpenTicket {
  number: string;
  urgency: string;
  problem_ru: string;
  problem_en: string;
  premise: string;
  place: string;
  status: string;
  fix_by: string | null;
  overdue: boolean;
}

export interface Incident {
  id: number;
  kind: "accident" | "planned";
  title: string;
  title_en: string;
  cause: string;
  began_at: string;
  promised_at: string | null;
  ticket_number: string | null;
}

export interface House {
  id: number;
  code: string;
  address: string;
  street: string;
  number: string;
  district: string;
  floors: number | null;
  entrances: number | null;
  features: string[];
  former: string[];
  renamed_to: string;
}

export interface Residence {
  house: House;
  premise: string;
  relation: string;
  organisation: string;
}

export interface Person {
  id: number;
  name: string;
  numbers: string[];
  residences: Residence[];
  notes: TagNote[];
  notify: "" | "none" | "sms" | "push" | "call" | "email";
  email: string;
}

export interface CallerCard {
  number: string;
  number_kind: string;
  candidates: Person[];
  incidents: Incident[];
  open_tickets: OpenTicket[];
  last_calls: Call[];
  calls_in_year: number;
}

export interface AttemptView {
  at: string;
  ended_at: string | null;
  operator: string;
  staff_name: string;
  call_id: number | null;
  result: string;
}

export interface Duty {
  id: number;
  line: string;
  number: string;
  number_kind: string;
  state: string;
  missed_count: number;
  call_ids: number[];
  arrived_at: string;
  due_at: string;
  legal_due_at: string;
  in_time: boolean | null;
  where: string;
  claimed_by: number | null;
  claimed_by_name: string;
  assigned_by_name: string;
  claimed_at: string | null;
  settled_at: string | null;
  settled_by_name: string;
  settled_call_id: number | null;
  close_reason: string;
  callback_requested: boolean;
  message: RecordingRef | null;
  message_heard_at: string | null;
  attempts: AttemptView[];
  people: PersonRef[];
  reason: string;
  ticket_number: string;
}

export interface DutyEvent {
  at: string;
  what: string;
  staff_name: string;
  call_id: number | null;
  data: Record<string, unknown>;
}

export interface DutyDetail extends Duty {
  history: DutyEvent[];
}

export interface CloseDuty {
  reason: string;
}

export interface CloseDuties extends CloseDuty {
  ids: number[];
}

export interface DutyIds {
  ids: number[];
}

export interface AssignDuties extends DutyIds {
  staff_id: number;
}

export interface DutyLeft {
  id: number;
  why: "over" | "dialling" | "not-closed" | "newer" | "talked" | "missing";
  who: string;
  detail: string;
}

export interface DutiesDone {
  items: Duty[];
  refused: DutyLeft[];
}

export interface HourRow {
  hour: number;
  in_operator_time: number;
  in_legal_time: number;
  late: number;
  owed: number;
  withheld: number;
  no_data: boolean;
}

export interface OperatorRow {
  staff_id: number | null;
  name: string;
  total: number;
  in_operator_time: number;
  in_legal_time: number;
  late: number;
  attempts: number;
  median_seconds: number | null;
}

export interface ExceptionRow {
  kind: "late" | "unreachable" | "withheld" | "machine" | "closed" | "no_data";
  duty_id: number | null;
  number: string;
  at: string;
  until: string | null;
  late_seconds: number | null;
  call_ids: number[];
  text: string;
}

export interface Interval {
  pbx: string;
  source: string;
  began_at: string;
  ended_at: string | null;
}

export interface Compliance {
  day: string;
  now: string;
  callable: number;
  in_legal_time: number;
  in_operator_time: number;
  late: number;
  owed: number;
  attempts_without_contact: number;
  duties_with_attempts: number;
  withheld: number;
  median_seconds: number | null;
  covered_seconds: number;
  elapsed_seconds: number;
  gaps: Interval[];
  hours: HourRow[];
  operators: OperatorRow[];
  exceptions: ExceptionRow[];
  rule: string;
}

export interface ListeningView {
  at: string;
  who: string;
  why: string;
}

export interface TranscriptView {
  state: "waiting" | "ready" | "silent" | "failed";
  text: string;
  certainty: number | null;
  model: string;
  language: string;
  problem: string;
  done_at: string | null;
}

export interface Recording {
  id: number;
  call_id: number | null;
  kind: string;
  state: string;
  problem: string;
  format: string;
  bytes: number;
  seconds: number | null;
  expected_seconds: number | null;
  sha256: string;
  stored_sha256: string;
  created_at: string;
  delete_after: string | null;
  legal_hold: boolean;
  hold_reason: string;
  peaks: number[][];
  listenings: ListeningView[];
  ticket_numbers: string[];
  transcript: TranscriptView | null;
}

export interface UnclaimedRecording {
  pbx: string;
  file_name: string;
  bytes: number;
  arrived_at: string;
  set_aside_at: string;
  reason: string;
}

export interface ClaimRecording {
  call_id: number;
  reason: string;
}

export interface Hold {
  hold: boolean;
  reason: string;
}

export interface NewMark {
  at_seconds: number;
  text: string;
}

export interface RecordingMark {
  id: number;
  at_seconds: number;
  text: string;
  author: string;
  created_at: string;
}

export interface Uploaded {
  file_name: string;
  bytes: number;
  sha256: string;
  state: string;
}

export interface Organisation {
  id: number;
  code: string;
  name: string;
  kind: string;
  phone: string;
  email: string;
  active: boolean;
}

export interface StaffMember {
  id: number;
  login: string;
  name: string;
  role: "administrator" | "supervisor" | "operator" | "organisation_manager" | "executor" | "inspector";
  extension: string | null;
  organisation_id: number | null;
  state: "offline" | "ready" | "pause" | "after_call";
  active: boolean;
}

export interface ClassifierEntry {
  code: string;
  category: string;
  problem_ru: string;
  problem_en: string;
  urgency: string;
  organisation_kind: string;
  accept_minutes: number | null;
  localize_minutes: number | null;
  fix_minutes: number | null;
  clock: string;
  questions: string[];
  source: string;
  available: boolean;
  unavailable_reason: string;
}

export interface Answer {
  question: string;
  answer: string;
}

export interface RoutingAsk {
  classifier: string;
  house_id?: number | null;
  district?: string;
  at?: string | null;
  answers?: Answer[];
  conditions?: Record<string, boolean | number | string>;
  damage_at?: string | null;
  paid?: boolean;
  organisation_id?: number | null;
}

export interface RoutingCandidate {
  organisation: Organisation;
  reason: string;
}

export interface Deadlines {
  accept_by: string | null;
  localise_by: string | null;
  fix_by: string | null;
  why: string;
}

export interface PreviewClock {
  name: "accept" | "localise" | "fix" | "interim" | "paid";
  due_at: string;
  why: string;
  rule: string;
}

export interface ScriptQuestion {
  text: string;
  text_ru: string;
  type: "yesno" | "choice" | "number" | "text" | "moment";
  choices: string[];
  unit: string;
  required: boolean;
  condition: string;
}

export interface RoutingPreview {
  organisation: Organisation | null;
  candidates: RoutingCandidate[];
  reason: string;
  spoken: boolean;
  deadlines: Deadlines;
  clocks: PreviewClock[];
  possible: boolean;
  urgency: string;
  safety: string;
  transfer_to: string;
  referral: string;
  answer: string;
  paid: boolean;
  script: ScriptQuestion[];
}

export interface Applicant {
  number?: string;
  name?: string;
  person_id?: number | null;
}

export interface NewApplicant extends Applicant {
  notify?: "" | "none" | "sms" | "push" | "call" | "email";
  email?: string;
}

export interface NewTicket {
  classifier: string;
  house_id?: number | null;
  premise?: string;
  place?: string;
  district?: string;
  applicant?: NewApplicant;
  text?: string;
  call_id?: number | null;
  answers?: Answer[];
  organisation_id?: number | null;
  damage_at?: string | null;
  conditions?: Record<string, boolean | number | string>;
  paid?: boolean;
  parent?: string;
  cabinet?: boolean;
  anonymous?: boolean;
}

export interface TicketEvent {
  at: string;
  what: string;
  author: string;
  role: string;
  reason: string;
  data: Record<string, unknown>;
  public: boolean;
}

export interface TicketMove {
  move: string;
  reason?: string;
  organisation_id?: number | null;
  executor_id?: number | null;
  until?: string | null;
  mark?: number | null;
  not_done?: boolean;
  status?: string;
  classifier?: string;
  house_id?: number | null;
  premise?: string;
  place?: string;
  version?: number | null;
}

export interface TicketComment {
  text: string;
  public?: boolean;
}

export interface MoveOffer {
  move: string;
  label: string;
  target: string | null;
  needs: string[];
  forbidden: string;
  forbidden_words: string;
}

export interface TermClock {
  name: "accept" | "localise" | "fix" | "interim" | "check" | "paid";
  due_at: string | null;
  met_at: string | null;
  state: "running" | "met" | "late" | "none";
  why: string;
}

export interface Postponed {
  until: string;
  reason: string;
  count: number;
}

export interface InterimAnswer {
  at: string;
  until: string;
  text: string;
  done_at: string | null;
}

export interface NotifyWay {
  notify?: "" | "none" | "sms" | "push" | "call" | "email";
  email?: string;
}

export interface ResidentWay {
  notify: "" | "none" | "sms" | "push" | "call" | "email";
  email?: string | null;
}

export interface WaysThere {
  ways: ("" | "none" | "sms" | "push" | "call" | "email")[];
}

export interface LinksGiven {
  given: number;
  living: number;
  given_at: string;
  opened_at: string | null;
  views: number;
}

export interface FurtherApplicant {
  name: string;
  number: string;
  premise: string;
  text: string;
  call_id: number | null;
  joined_at: string;
  joined_by: string;
}

export interface TicketCall {
  id: number;
  at: string;
  direction: string;
  number: string;
  talk_seconds: number;
  recording: RecordingRef | null;
}

export interface LoadLine {
  executor_id: number | null;
  executor: string;
  status: string;
  count: number;
  late: number;
  stalled: number;
}

export interface OrganisationLoad {
  open: number;
  late: number;
  stalled: number;
  lines: LoadLine[];
}

export interface OrganisationReach {
  organisation_id: number;
  name: string;
  numbers: string[];
  attempted: number;
  answered: number;
  last_at: string | null;
  last_answered_at: string | null;
}

export interface TicketFile {
  id: number;
  kind: "photo" | "act" | "document";
  name: string;
  media_type: string;
  bytes: number;
  width: number | null;
  height: number | null;
  has_thumbnail: boolean;
  public: boolean;
  moment: "" | "before" | "after";
  author: string;
  created_at: string;
}

export interface TicketLink {
  url: string;
  expires_at: string;
}

export interface LinksEnded {
  ended: number;
}

export interface FeedbackBody {
  mark?: number | null;
  not_done?: boolean;
  text?: string;
}

export interface ResidentComment {
  text: string;
}

export interface ResidentStep {
  at: string;
  what: string;
  author: string;
  role: string;
  text: string;
  status: string;
  until: string | null;
  file_id: number | null;
  mark: number | null;
}

export interface ResidentTicket {
  number: string;
  status: string;
  urgency: string;
  problem_ru: string;
  problem_en: string;
  text: string;
  address: string;
  premise: string;
  organisation: string;
  organisation_phone: string;
  executor: string;
  created_at: string;
  deadlines: Deadlines;
  overdue: boolean;
  postponed_until: string | null;
  postpone_reason: string;
  interim: InterimAnswer | null;
  notify: "" | "none" | "sms" | "push" | "call" | "email";
  email: string;
  ways: ("" | "none" | "sms" | "push" | "call" | "email")[];
  mark: number | null;
  may_mark: boolean;
  steps: ResidentStep[];
  files: TicketFile[];
}

export interface TicketApplicant {
  number: string;
  name: string;
  person_id: number | null;
}

export interface JoinTicket {
  applicant?: Applicant;
  premise?: string;
  text?: string;
  call_id?: number | null;
}

export interface TicketJoined {
  id: number;
  applicant: TicketApplicant;
  premise: string;
  text: string;
  call_id: number | null;
  joined_at: string;
  joined_by: string;
}

export interface TicketLife {
  damage_at: string | null;
  accepted_at: string | null;
  localised_at: string | null;
  fixed_at: string | null;
  closed_at: string | null;
  late_at: string | null;
  text: string;
  close_reason: string;
}

export interface TicketRow {
  number: string;
  status: string;
  urgency: string;
  classifier: ClassifierEntry;
  house: House | null;
  premise: string;
  organisation: Organisation | null;
  applicant: TicketApplicant;
  created_at: string;
  deadlines: Deadlines;
  overdue: boolean;
  place: string;
  due_at: string | null;
  late: boolean;
  district: string;
  executor_id: number | null;
  executor_name: string;
  mark: number | null;
  paid: boolean;
  level: number;
  postponed_until: string | null;
  applicant_count: number;
  comment: string;
  recording_id: number | null;
  life: TicketLife | null;
}

export interface TicketCount {
  count: number;
  more: boolean;
}

export interface TicketCounts {
  open: TicketCount;
  accidents: TicketCount;
  overdue: TicketCount;
  awaiting_centre: TicketCount;
  unassigned: TicketCount;
  paid: TicketCount;
  conflict: TicketCount;
  filters: Record<string, TicketCount>;
}

export interface Named {
  id: number;
  name: string;
}

export interface Branch {
  code: string;
  name: string;
}

export interface JournalChoices {
  organisations: Named[];
  districts: string[];
  executors: Named[];
  branches: Branch[];
}

export interface SupportLevel {
  level: number;
  registered: number;
  open: number;
  closed: number;
}

export interface InterimFigures {
  given: number;
  kept: number;
  passed: number;
  waiting: number;
  due: number;
  missed: number;
}

export interface SupportFigures {
  since: string;
  until: string;
  registered: number;
  closed: number;
  first_line: number;
  levels: SupportLevel[];
  interim: InterimFigures;
}

export interface SavedFilter {
  id: number;
  name: string;
  shared: boolean;
  changeable: boolean;
  filter: Record<string, string>;
  columns: string[];
  position: number;
}

export interface SavedFilterBody {
  name: string;
  filter: Record<string, string>;
  columns?: string[];
  shared?: boolean;
  position?: number;
}

export interface NewExport {
  filter?: Record<string, string>;
  columns?: string[];
}

export interface Export {
  id: number;
  state: "queued" | "running" | "done" | "failed" | "cancelled";
  rows_done: number;
  rows_total: number;
  problem: string;
  created_at: string;
  finished_at: string | null;
  delete_after: string | null;
  file: string | null;
}

export interface Ticket extends TicketRow {
  version: number;
  executor: StaffMember | null;
  executor_phone: string;
  text: string;
  answers: Answer[];
  organisation_reason: string;
  marked_at: string | null;
  damage_at: string | null;
  late_at: string | null;
  closed_at: string | null;
  close_reason: string;
  stall_level: number;
  declined_count: number;
  reopened_count: number;
  paid_confirm_by: string | null;
  paid_confirmed_at: string | null;
  postponed: Postponed | null;
  interim: InterimAnswer | null;
  notify: NotifyWay | null;
  links: LinksGiven | null;
  classifier_version: number | null;
  classifier_since: string | null;
  repeat_of: string | null;
  moves: MoveOffer[];
  clocks: TermClock[];
  applicants: FurtherApplicant[];
  calls: TicketCall[];
  files: TicketFile[];
  call_ids: number[];
  recordings: RecordingRef[];
  history: TicketEvent[];
}

export interface Found {
  kind: "call" | "ticket" | "person" | "house" | "duty";
  id: string;
  title: string;
  subtitle: string;
}

export interface ImportMistake {
  row: number;
  reason: string;
}

export interface ImportReport {
  taken: number;
  changed: number;
  skipped: number;
  mistakes: ImportMistake[];
}

export interface ShiftFigures {
  since: string | null;
  calls: number;
  talk_seconds: number;
  callbacks_in_time: number;
  callbacks: number;
  tickets: number;
}

export interface Board {
  waiting: number;
  longest_wait_since: string | null;
  ready: number;
  signed_in: number;
  duties: number;
  nearest_due_at: string | null;
  pbx: PbxHealth[];
  data_at: string;
}

export interface CallMessage extends Call {
  fact: string;
  card: CallerCard | null;
  offers: OfferView[] | null;
}

export interface Ringing {
  pbx: string;
  linkedid: string;
  rings: boolean;
  number: string;
  number_kind: string;
  name: string;
  did: string;
  arrived_at: string;
  people: PersonRef[];
}

export interface DialMessage {
  request_id: string;
  state: string;
  reason: string;
}

export interface TicketReminder {
  number: string;
  about: string;
  level: number;
  due_at: string;
  status: string;
  urgency: string;
  problem_ru: string;
  problem_en: string;
  address: string;
}

export interface Reminder extends TicketReminder {
  id: number;
  at: string;
}

export interface Reminders {
  items: Reminder[];
  count: number;
  danger: number;
}

export interface RobotMessage {
  state: "halted" | "resumed";
}

export interface CampaignProgress {
  total: number;
  settled: number;
  reached: number;
  marked: number;
  mark_total: number;
  states: Record<string, number>;
  results: Record<string, number>;
  marks: Record<string, number>;
}

export interface CampaignMessage {
  campaign_id: number;
  state: "filling" | "running" | "paused" | "stopped" | "finished";
  changed_at: string;
  changed_by: string;
  ended_at: string | null;
  progress: CampaignProgress;
}

export interface LiveMessage {
  seq: number;
  type: "hello" | "reset" | "ringing" | "call" | "duty" | "state" | "board" | "recording" | "ticket" | "reminder" | "pbx" | "dial" | "handover" | "robot" | "campaign";
  at: string;
  data: CallMessage | Ringing | Duty | StaffMember | Board | Recording | TicketRow | TicketReminder | PbxHealth | DialMessage | HandoverView | RobotMessage | CampaignMessage | null;
}

export interface ContractBody {
  code: string;
  organisation_id: number;
  kind: string;
  branch?: string;
  house_ids?: number[];
  everywhere?: boolean;
  priority?: number;
  valid_from?: string | null;
  valid_until?: string | null;
  duty_hours?: string;
  note?: string;
}

export interface ContractRow {
  id: number;
  code: string;
  organisation: Organisation;
  kind: string;
  branch: string;
  everywhere: boolean;
  house_count: number;
  priority: number;
  valid_from: string | null;
  valid_until: string | null;
  duty_hours: string;
  note: string;
  author: string;
  changed_at: string | null;
  removed_at: string | null;
}

export interface Contract extends ContractRow {
  houses: House[];
  warnings: string[];
}

export interface Share {
  organisation: Organisation;
  count: number;
}

export interface MisroutePlace {
  by: "house" | "street" | "district";
  label: string;
  house_id: number | null;
  street: string;
  district: string;
}

export interface Misroute {
  classifier: string;
  problem: string;
  place: MisroutePlace;
  count: number;
  declined_by: Share[];
  accepted_by: Share[];
  last_at: string;
  houses: number;
  suggested: Organisation | null;
  suggestion: string;
  contract_id: number | null;
}

export interface SuggestionAsk {
  classifier: string;
  by?: "house" | "street" | "district";
  house_id?: number | null;
  street?: string;
  district?: string;
  days?: number;
  apply?: boolean;
  organisation_id?: number | null;
}

export interface SuggestionChange {
  house: House;
  before: Organisation | null;
  before_reason: string;
  after: Organisation | null;
  after_reason: string;
  changes: boolean;
}

export interface Suggestion {
  words: string;
  organisation: Organisation;
  code: string;
  kind: string;
  branch: string;
  priority: number;
  houses: number;
  note: string;
  changes: SuggestionChange[];
  more_houses: number;
  waiting: number;
  reasons: string[];
  warnings: string[];
  contract: Contract | null;
}

export interface CalendarDay {
  day: string;
  working: boolean;
  name: string;
  local: boolean;
  author: string;
}

export interface CalendarYear {
  year: number;
  country: string;
  moves_known: boolean;
  opens: string;
  closes: string;
  days: CalendarDay[];
}

export interface CalendarDayBody {
  working: boolean;
  name?: string;
}

export interface RuleView {
  id: string;
  clock: "accept" | "localise" | "fix" | "interim" | "paid";
  limit: string;
  start: "registration" | "damage" | "outage";
  window: string;
  words: string;
  source: string;
  branches: string[];
  urgencies: string[];
  when: string[];
  default: boolean;
  monthly: string;
  valid_from: string | null;
  valid_until: string | null;
}

export interface DutyView {
  words: string;
  limit: string;
  source: string;
  verified: boolean;
}

export interface RulePack {
  id: string;
  active: boolean;
  title: string;
  source: string;
  countries: string[];
  valid_from: string | null;
  valid_until: string | null;
  read_on: string | null;
  work: string;
  rules: RuleView[];
  duties: DutyView[];
  questions: ScriptQuestion[];
}

export interface ClassifierQuestion {
  text_ru: string;
  text_en?: string;
  type?: "yesno" | "choice" | "number" | "text" | "moment";
  choices?: string[];
  choices_en?: string[];
  unit?: string;
  required?: boolean;
  condition?: string;
}

export interface ClassifierProblem extends ClassifierEntry {
  script: ClassifierQuestion[];
  paid: boolean;
  confirm_minutes: number | null;
  safety_ru: string;
  safety_en: string;
  transfer_to: string;
  referral_ru: string;
  referral_en: string;
  answer_ru: string;
  answer_en: string;
  parent: string;
}

export interface ClassifierGroup {
  code: string;
  parent: string;
  name_ru: string;
  name_en: string;
  position: number;
}

export interface ClassifierLeaf {
  code: string;
  parent: string;
  problem_ru: string;
  problem_en: string;
  urgency: "life" | "emergency" | "urgent" | "normal" | "planned" | "info";
  active: boolean;
  paid: boolean;
  open_tickets: number;
}

export interface ClassifierTree {
  groups: ClassifierGroup[];
  entries: ClassifierLeaf[];
  version: number | null;
  planned: VersionRow[];
}

export interface ClassifierCard {
  script: ClassifierQuestion[];
  paid: boolean;
  confirm_minutes: number | null;
  safety_ru: string;
  safety_en: string;
  transfer_to: string;
  referral_ru: string;
  referral_en: string;
  answer_ru: string;
  answer_en: string;
  code: string;
  parent: string;
  path: string[];
  category: string;
  problem_ru: string;
  problem_en: string;
  urgency: "life" | "emergency" | "urgent" | "normal" | "planned" | "info";
  organisation_kind: string;
  organisation_kinds_next: string[];
  trade: string;
  responsible: string;
  accept_minutes: number | null;
  localize_minutes: number | null;
  fix_minutes: number | null;
  clock: string;
  notify_municipality: boolean;
  source: string;
  active: boolean;
  valid_from: string | null;
  valid_until: string | null;
  open_tickets: number;
  revision: string;
}

export interface ClassifierForm {
  parent?: string;
  category?: string;
  problem_ru: string;
  problem_en?: string;
  urgency: "life" | "emergency" | "urgent" | "normal" | "planned" | "info";
  organisation_kind: string;
  organisation_kinds_next?: string[];
  trade?: string;
  responsible?: string;
  accept_minutes?: number | null;
  localize_minutes?: number | null;
  fix_minutes?: number | null;
  clock?: string;
  notify_municipality?: boolean;
  script?: ClassifierQuestion[];
  paid?: boolean;
  confirm_minutes?: number | null;
  safety_ru?: string;
  safety_en?: string;
  transfer_to?: string;
  referral_ru?: string;
  referral_en?: string;
  answer_ru?: string;
  answer_en?: string;
  source?: string;
  active?: boolean;
  revision?: string | null;
  note?: string;
  valid_from?: string | null;
}

export interface ClassifierGroupForm {
  parent?: string;
  name_ru: string;
  name_en?: string;
  position?: number;
}

export interface CellChange {
  field: string;
  before: string;
  after: string;
}

export interface ClassifierChange {
  kind: "entry" | "group";
  code: string;
  what: "added" | "changed" | "retired" | "restored" | "removed";
  name_ru: string;
  name_en: string;
  fields: CellChange[];
  open_tickets: number;
}

export interface VersionRow {
  id: number;
  created_at: string;
  valid_from: string;
  applied_at: string | null;
  state: "planned" | "applied" | "undone";
  source: "shipped" | "import" | "edit" | "undo";
  author: string;
  note: string;
  changed: number;
  undone_by: number | null;
}

export interface ClassifierVersion extends VersionRow {
  changes: ClassifierChange[];
}

export interface ClassifierPlan {
  fingerprint: string;
  rows: number;
  changes: ClassifierChange[];
  mistakes: ImportMistake[];
  version: VersionRow | null;
}

export interface OverrideForm {
  accept_minutes?: number | null;
  localize_minutes?: number | null;
  fix_minutes?: number | null;
  clock?: string;
  urgency?: "life" | "emergency" | "urgent" | "normal" | "planned" | "info" | "";
  reason: string;
}

export interface OrganisationOverride {
  organisation_id: number;
  branch: string;
  accept_minutes: number | null;
  localize_minutes: number | null;
  fix_minutes: number | null;
  clock: string;
  urgency: string;
  reason: string;
}

export interface FormerAddress {
  address: string;
  until: string;
}

export interface PremiseView {
  id: number;
  number: string;
  kind: "flat" | "office" | "common";
  entrance: number | null;
  floor: number | null;
  people: number;
}

export interface HouseService {
  organisation: Organisation;
  kind: string;
  contract: string;
  branch: string;
  everywhere: boolean;
  valid_until: string | null;
}

export interface HouseCard extends House {
  former_names: FormerAddress[];
  premises: PremiseView[];
  services: HouseService[];
  incidents: Incident[];
  open_tickets: OpenTicket[];
  people: number;
}

export interface PremiseForm {
  number: string;
  kind?: "flat" | "office" | "common";
  entrance?: number | null;
  floor?: number | null;
}

export interface HouseForm {
  street: string;
  number: string;
  district?: string;
  floors?: number | null;
  entrances?: number | null;
  features?: string[];
  premises?: PremiseForm[] | null;
}

export interface MergeView {
  id: number;
  kept_id: number;
  merged_id: number;
  merged_name: string;
  at: string;
  author: string;
  numbers: number;
  residences: number;
  notes: number;
  tickets: number;
}

export interface PersonCard extends Person {
  code: string;
  revision: string;
  led_from: number | null;
  merges: MergeView[];
  open_tickets: OpenTicket[];
}

export interface HomeForm {
  house_id: number;
  premise?: string;
  relation?: string;
}

export interface PersonForm {
  name: string;
  numbers?: string[];
  residences?: HomeForm[];
  anyway?: boolean;
  revision?: string;
  notify?: "" | "none" | "sms" | "push" | "call" | "email";
  email?: string;
}

export interface MergeForm {
  other: number;
}

export interface DuplicatesView {
  why: "number" | "name";
  what: string;
  people: Person[];
}

export interface FieldChange {
  field: string;
  before: string | null;
  after: string;
}

export interface ImportChange {
  key: string;
  title: string;
  new: boolean;
  fields: FieldChange[];
}

export interface ImportPlan {
  kind: string;
  applied: boolean;
  taken: number;
  added: number;
  changed: number;
  skipped: number;
  mistakes: ImportMistake[];
  changes: ImportChange[];
}

export interface ImportKind {
  kind: string;
  required: string[];
  optional: string[];
}

export interface StaffCard {
  id: number;
  login: string;
  name: string;
  role: "administrator" | "supervisor" | "operator" | "organisation_manager" | "executor" | "inspector";
  extension: string | null;
  organisation_id: number | null;
  organisation: string;
  phone: string;
  trade: string;
  districts: string[];
  language: "ru" | "en";
  state: "offline" | "ready" | "pause" | "after_call";
  active: boolean;
  can_sign_in: boolean;
  open_tickets: number;
}

export interface StaffSaved extends StaffCard {
  given_back: string[];
}

export interface StaffForm {
  login: string;
  name: string;
  role: "administrator" | "supervisor" | "operator" | "organisation_manager" | "executor" | "inspector";
  extension?: string;
  organisation_id?: number | null;
  phone?: string;
  trade?: string;
  districts?: string[];
  language?: "ru" | "en";
  active?: boolean;
  password?: string | null;
}

export interface ShiftView {
  id: number;
  staff_id: number;
  name: string;
  begins_at: string;
  ends_at: string;
  note: string;
}

export interface ShiftForm {
  staff_id: number;
  begins_at: string;
  ends_at: string;
  note?: string;
}

export interface ReadingView {
  id: number;
  at: string;
  staff_id: number | null;
  who: string;
  what: string;
  subject: string;
  title: string;
  why: string;
}

export interface MeterForm {
  kind: "cold_water" | "hot_water" | "heat" | "gas" | "electricity" | "electricity_day" | "electricity_night";
  serial: string;
  digits?: number;
  place?: string;
  most?: number | null;
  verified_until?: string | null;
}

export interface NewMeter extends MeterForm {
  house_id: number;
  premise: string;
}

export interface NewReading {
  value: string;
  period?: string;
  confirmed?: boolean;
  note?: string;
}

export interface MeterReading {
  id: number;
  meter_id: number;
  period: string;
  value: string;
  source: "robot" | "operator" | "link" | "import";
  at: string;
  who: string;
  flag: string;
  note: string;
  call_id: number | null;
}

export interface Meter {
  id: number;
  house_id: number;
  premise: string;
  kind: "cold_water" | "hot_water" | "heat" | "gas" | "electricity" | "electricity_day" | "electricity_night";
  serial: string;
  digits: number;
  place: string;
  most: number;
  verified_until: string | null;
  removed_at: string | null;
  last: MeterReading | null;
}

export interface MeterCard {
  meter: Meter;
  readings: MeterReading[];
}

export interface MeterLine {
  reading: MeterReading;
  meter: Meter;
  address: string;
}

export interface ResidentReading {
  value: string;
  confirmed?: boolean;
}

export interface ResidentMeterReading {
  period: string;
  value: string;
  at: string;
  flag: string;
}

export interface ResidentMeter {
  id: number;
  kind: "cold_water" | "hot_water" | "heat" | "gas" | "electricity" | "electricity_day" | "electricity_night";
  serial: string;
  place: string;
  address: string;
  premise: string;
  lowest: string;
  doubted_above: string;
  highest: string;
  before: ResidentMeterReading | null;
  now: ResidentMeterReading | null;
}

export interface ResidentMeters {
  period: string;
  open: boolean;
  first: number;
  last: number;
  meters: ResidentMeter[];
}

export interface NoticeReason {
  code: string;
  values: Record<string, string>;
}

export interface Notice {
  id: number;
  kind: "job" | "unacknowledged" | "reminder" | "registered" | "done" | "closed" | "critical" | "untold" | "outage" | "routed" | "overdue" | "postponed" | "cancelled" | "joined" | "interim";
  channel: "push" | "sms" | "email" | "call";
  state: "queued" | "sending" | "sent" | "delivered" | "acknowledged" | "failed" | "suppressed";
  to: string;
  number: string;
  email: string;
  role: string;
  staff_id: number | null;
  language: "ru" | "en";
  subject: string;
  text: string;
  ticket_number: string;
  danger: boolean;
  ladder: string;
  rung: number;
  created_at: string;
  next_at: string;
  expires_at: string;
  tries: number;
  sent_at: string | null;
  settled_at: string | null;
  problem: string;
  reasons: NoticeReason[];
  receipt: string;
}

export interface NoticeEventView {
  at: string;
  what: string;
  detail: string;
  reasons: NoticeReason[];
  who: string;
}

export interface NoticeDetail extends Notice {
  events: NoticeEventView[];
}

export interface Acknowledgement {
  how?: "page" | "push";
}

export interface TemplateField {
  name: string;
  means: string;
  sample: string;
  required: boolean;
}

export interface NoticeTemplate {
  kind: "job" | "unacknowledged" | "reminder" | "registered" | "done" | "closed" | "critical" | "untold" | "outage" | "routed" | "overdue" | "postponed" | "cancelled" | "joined" | "interim";
  channel: "push" | "sms" | "email" | "call";
  language: "ru" | "en";
  subject: string;
  text: string;
  own: boolean;
  changed_at: string | null;
  changed_by: string;
  fields: TemplateField[];
}

export interface NoticeTemplateBody {
  kind: "job" | "unacknowledged" | "reminder" | "registered" | "done" | "closed" | "critical" | "untold" | "outage" | "routed" | "overdue" | "postponed" | "cancelled" | "joined" | "interim";
  channel: "push" | "sms" | "email" | "call";
  language: "ru" | "en";
  subject?: string;
  text?: string;
}

export interface TemplateTrial {
  kind: "job" | "unacknowledged" | "reminder" | "registered" | "done" | "closed" | "critical" | "untold" | "outage" | "routed" | "overdue" | "postponed" | "cancelled" | "joined" | "interim";
  channel: "push" | "sms" | "email" | "call";
  language: "ru" | "en";
  subject?: string | null;
  text?: string | null;
}

export interface TemplateProblem {
  pointer: string;
  detail: string;
}

export interface TemplatePreview {
  subject: string;
  text: string;
  coding: string;
  parts: number;
  units: number;
  problems: TemplateProblem[];
}

export interface PushKey {
  key: string;
}

export interface BrowserKeys {
  p256dh: string;
  auth: string;
}

export interface PushSubscriptionBody {
  endpoint: string;
  keys: BrowserKeys;
  expirationTime?: number | null;
  language?: "ru" | "en";
}

export interface PushEnd {
  endpoint: string;
}

export interface PushSubscriptionView {
  id: number;
}

export interface CampaignChoice {
  classifier: string;
  organisation_id: number | null;
  district: string;
  house_ids: number[];
  urgency: string[];
  paid: boolean | null;
  status: string[];
  since: string | null;
  until: string | null;
  others: boolean;
}

export interface Campaign {
  id: number;
  kind: "rating" | "result" | "job" | "outage" | "survey" | "meter";
  name: string;
  state: "filling" | "running" | "paused" | "stopped" | "finished";
  standing: boolean;
  danger: boolean;
  language: string;
  hours: string;
  days: "each" | "no_holidays" | "workdays";
  zones: string[];
  lines: number;
  attempts: number;
  priority: number;
  begins_at: string | null;
  ends_at: string | null;
  created_at: string;
  created_by: string;
  changed_at: string;
  changed_by: string;
  ended_at: string | null;
  choice: CampaignChoice;
  spacing: Record<string, number>;
  channels: ("call" | "sms" | "push")[];
  progress: CampaignProgress;
}

export interface TicketsChoice {
  classifier?: string;
  organisation_id?: number | null;
  district?: string;
  house_ids?: number[];
  urgency?: string[];
  paid?: boolean | null;
  status?: string[];
  since?: string | null;
  until?: string | null;
  others?: boolean;
}

export interface NewCampaign {
  kind: "rating" | "result" | "job" | "outage" | "survey" | "meter";
  name: string;
  numbers?: string[];
  house_ids?: number[];
  job?: Record<string, unknown>;
  dialogue?: Record<string, unknown> | null;
  language?: "ru" | "en" | "";
  zone?: string;
  hours?: string;
  days?: "" | "each" | "no_holidays" | "workdays";
  lines?: number | null;
  attempts?: number | null;
  begins_at?: string | null;
  ends_at?: string | null;
  choice?: TicketsChoice | null;
  spacing?: Record<string, number>;
  channels?: ("call" | "sms" | "push")[];
  text?: string;
  danger?: boolean;
}

export interface NotCalled {
  number: string;
  why: string;
}

export interface CampaignPreview {
  calls: number;
  tickets: number | null;
  capped: boolean;
  left_out: NotCalled[];
  left_out_count: number;
  attempts: number;
  spacing: Record<string, number>;
  hours: string;
  days: string;
  texted: number;
}

export interface CampaignMade {
  campaign: Campaign;
  calls: number;
  texts: number;
  left_out: NotCalled[];
}

export interface CallAttempt {
  id: string;
  state: string;
  planned_at: string;
  answered_at: string | null;
  settled_at: string | null;
  result: string;
  reason: string;
  mark: number | null;
  proof: string;
  keys: string;
  call_id: number | null;
  recording: RecordingRef | null;
  applied: string;
}

export interface CampaignCall {
  id: number;
  number: string;
  name: string;
  state: "waiting" | "calling" | "done" | "given_up" | "suppressed" | "cancelled";
  ticket_number: string;
  due_at: string;
  attempts: number;
  result: string;
  mark: number | null;
  settled_at: string | null;
  tries: CallAttempt[];
}

export interface AnswersOfStep {
  step: string;
  answers: Record<string, number>;
  title: Record<string, string>;
  labels: Record<string, Record<string, string>>;
}

export interface CampaignResults {
  campaign: Campaign;
  answers: AnswersOfStep[];
}

export interface RatingFigures {
  asked: number;
  answered: number;
  marked: number;
  mean: number | null;
  response_rate: number | null;
  marks: Record<string, number>;
  not_done: number;
  not_done_share: number | null;
  no_mark: number;
}

export interface RatingsRow {
  key: string;
  name: string;
  since: string | null;
  until: string | null;
  figures: RatingFigures;
}

export interface RatingsSummary {
  since: string;
  until: string;
  whole: RatingFigures;
  rows: RatingsRow[];
  slices: RatingsRow[];
}

export interface Rating {
  request_id: string;
  ticket_number: string;
  organisation_id: number | null;
  organisation: string;
  executor_id: number | null;
  executor: string;
  classifier: string;
  number: string;
  at: string;
  result: string;
  mark: number | null;
  proof: string;
  keys: string;
  way: "" | "key" | "said_key" | "said";
  certainty_percent: number | null;
  said_recording: RecordingRef | null;
  comment: boolean;
  comment_recording: RecordingRef | null;
  call_id: number | null;
  recording: RecordingRef | null;
  applied: string;
}

export interface OptOut {
  id: number;
  number: string;
  kind: string;
  since: string;
  how: string;
  who: string;
  note: string;
}

export interface NewOptOut {
  number: string;
  kind?: string;
  note?: string;
}

export interface Halting {
  reason?: string;
}

export interface RobotState {
  halted: boolean;
  halted_at: string | null;
  halted_by: string;
  reason: string;
  under_way: number;
}

export interface ScriptNode {
  id: string;
  kind: string;
  say: Record<string, string>;
  result: string;
  start: boolean;
  own: string[];
  title: Record<string, string>;
}

export interface ScriptEdge {
  source: string;
  target: string;
  key: string;
  label: Record<string, string>;
  result: string;
}

export interface Script {
  kind: "rating" | "result" | "job" | "outage" | "survey" | "meter" | "status";
  title: Record<string, string>;
  fields: string[];
  languages: string[];
  nodes: ScriptNode[];
  edges: ScriptEdge[];
  told: Record<string, Record<string, string>>;
  options: Record<string, boolean>;
  changed_at: string | null;
  changed_by: string;
}

export interface ScriptOptions {
  options: Record<string, boolean>;
}

export interface ScriptTexts {
  texts: Record<string, Record<string, string>>;
}

export interface ScriptPreview {
  step: string;
  language?: "ru" | "en";
  text?: string;
}

export interface SurveyAnswer {
  key: string;
  label: string;
  to?: string;
}

export interface SurveyQuestion {
  text: string;
  answers: SurveyAnswer[];
}

export interface SurveyBody {
  name: string;
  language: "ru" | "en";
  intro: string;
  questions: SurveyQuestion[];
}

export interface SurveyChange extends SurveyBody {
  after: number;
}

export interface SurveyKept {
  id: string;
  version: number;
  at: string;
  who: string;
  name: string;
  language: "ru" | "en";
  intro: string;
  questions: SurveyQuestion[];
}

export interface SurveyVersion {
  version: number;
  at: string;
  who: string;
  name: string;
  questions: number;
  gone: boolean;
}
