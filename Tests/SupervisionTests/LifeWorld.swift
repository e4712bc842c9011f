import ProcessTreeRandomTesting
import ProcessTreeSupervision

/// A tree of lives: each node's own, and that which its parent has of it, joined by messages that
/// take their time, among processes that are killed.
///
/// Values alone, in virtual time, so that a history takes no more than its decisions do.
struct LifeWorld {
  typealias Own = NodeLife<Int>
  typealias Seen = ChildLife<Int>

  /// What happens next somewhere.
  private enum Event {
    case toChild(Int, Own.Input)
    case toParent(Int, Seen.Input)
    case launched(Int)
    case spawn(Int)
    case programEnds(Int, Int)
    case childDeadline(Int, ChildLifecycle.Deadline, UInt64)
    case reaped(Int)
    case killed(Int)
  }

  private struct Entry {
    let time: Int
    let event: Event
  }

  /// One node, and what its parent holds of it.
  private struct Place {
    let parent: Int?
    let depth: Int
    var own: Own
    var seen = Seen(policy: .default, startDeadline: .seconds(30))
    var hasProcess = false
    var isAlive = false
    /// The program does not end when it is cancelled.
    var isDeaf = false
    var isCancelled = false
    var isEnded = false
    var toSpawn = 0
    var children: [Int] = []
    /// The number of the deadline's event, what it is for, and when it passes.
    var armed: (number: UInt64, purpose: ChildLifecycle.Deadline, due: Int)?
    var conclusions = 0
    /// Messages arrive in order: when the last one does, in each direction.
    var lastUp = 0
    var lastDown = 0
  }

  private var places: [Place] = []
  /// The next one last.
  private var queue: [Entry] = []
  private var number: UInt64 = 0
  private var now = 0
  private var random: SeededGenerator
  private(set) var kills = 0
  private(set) var flaws: [String] = []
  private(set) var events = 0

  init(seed: UInt64) {
    random = SeededGenerator(seed: seed)
    let root = add(under: nil)
    places[root].hasProcess = true
    places[root].isAlive = true
    begin(root)
    for _ in 0..<max(0, random.int(-2...2)) {
      schedule(.killed(random.int(1...6)), after: random.int(0...3_000))
    }
    if random.int(0...3) == 0 { stopRoot(after: random.int(0...3_000)) }
  }

  var nodes: Int { places.count }

  private mutating func stopRoot(after time: Int) {
    let request = StopRequest(requestedBy: "user", reason: "")
    schedule(.toChild(0, .stop(request, within: .default, signal: 2)), after: time)
  }

  // MARK: Time

  /// In milliseconds.
  private mutating func schedule(_ event: Event, after delay: Int) {
    number += 1
    let time = now + delay
    var place = queue.endIndex
    while place > 0, queue[place - 1].time <= time { place -= 1 }
    queue.insert(Entry(time: time, event: event), at: place)
  }

  private mutating func schedule(_ event: Event, after time: Duration) {
    schedule(event, after: milliseconds(time))
  }

  private func milliseconds(_ time: Duration) -> Int {
    let parts = time.components
    return Int(parts.seconds) * 1_000 + Int(parts.attoseconds / 1_000_000_000_000_000)
  }

  private mutating func tellParent(_ input: Seen.Input, of place: Int) {
    places[place].lastUp = max(places[place].lastUp, now + random.int(0...20))
    schedule(.toParent(place, input), after: places[place].lastUp - now)
  }

  private mutating func tellChild(_ input: Own.Input, _ place: Int) {
    places[place].lastDown = max(places[place].lastDown, now + random.int(0...20))
    schedule(.toChild(place, input), after: places[place].lastDown - now)
  }

  /// Lets everything happen, and looks whether all has come to its end.
  mutating func play() {
    while let entry = queue.popLast(), flaws.isEmpty {
      now = entry.time
      events += 1
      if events > 20_000 { return flaws.append("the world does not come to rest") }
      handle(entry.event)
    }
    for (index, place) in places.enumerated() {
      if place.isAlive { flaws.append("\(index) is left alive in \(place.own.phase)") }
      // Whose parent died is seen by nobody.
      guard let parent = place.parent, places[parent].own.isFinished else { continue }
      if place.seen.phase != .exited { flaws.append("\(index) is \(place.seen.phase) above") }
      if place.conclusions != 1 { flaws.append("\(index) ended \(place.conclusions) times") }
    }
    if !places[0].own.isFinished { flaws.append("the root is \(places[0].own.phase)") }
  }

  private mutating func handle(_ event: Event) {
    switch event {
    case .toChild(let place, let input): if places[place].isAlive { feed(place, input) }
    case .toParent(let place, let input): hear(place, input)
    case .launched(let place): launched(place)
    case .spawn(let place): spawn(under: place)
    case .programEnds(let place, let outcome): end(place, outcome)
    case .childDeadline(let place, let deadline, let number):
      guard places[place].armed?.number == number else { return }
      places[place].armed = nil
      hear(place, .deadlinePassed(deadline))
    case .reaped(let place): hear(place, .exited(nil))
    case .killed(let place):
      guard places.indices.contains(place), places[place].isAlive else { return }
      kills += 1
      die(place)
    }
  }

  // MARK: A node

  private mutating func add(under parent: Int?) -> Int {
    let depth = parent.map { places[$0].depth + 1 } ?? 0
    var place = Place(
      parent: parent, depth: depth, own: Own(of: "N", isRoot: parent == nil, cancelled: -2))
    place.toSpawn = depth < 3 ? random.int(depth == 0 ? 1...4 : 0...2) : 0
    place.isDeaf = random.int(0...7) == 0
    places.append(place)
    if let parent { places[parent].children.append(places.count - 1) }
    return places.count - 1
  }

  private mutating func begin(_ place: Int) {
    if random.int(0...2) == 0 { feed(place, .hookAdded) }
    for _ in 0..<places[place].toSpawn { schedule(.spawn(place), after: random.int(0...1_500)) }
    schedule(.programEnds(place, 1), after: random.int(0...2_000))
  }

  private mutating func spawn(under place: Int) {
    guard places[place].isAlive, places[place].own.phase == .running, !places[place].isCancelled
    else { return }
    hear(add(under: place), .start)
  }

  private mutating func launched(_ place: Int) {
    // What became of the attempt, nobody is there to hear.
    guard let parent = places[place].parent, places[parent].isAlive, !places[place].hasProcess
    else { return }
    switch random.int(0...19) {
    case 0: return hear(place, .couldNotStart("no"))
    case 1: return hear(place, .attemptLost)
    default: break
    }
    places[place].hasProcess = true
    places[place].isAlive = true
    tellParent(.connected, of: place)
    tellParent(.ready, of: place)
    begin(place)
    hear(place, .processStarted)
  }

  private mutating func end(_ place: Int, _ outcome: Int) {
    guard places[place].isAlive, !places[place].isEnded else { return }
    places[place].isEnded = true
    feed(place, .programEnded(outcome, isResult: outcome > 0))
  }

  private mutating func feed(_ place: Int, _ input: Own.Input) {
    for action in places[place].own.handle(input) { perform(action, at: place) }
    if places[place].own.phase == .reported { lookBelow(place) }
  }

  private mutating func lookBelow(_ place: Int) {
    if places[place].children.allSatisfy({ places[$0].seen.phase == .exited }) {
      feed(place, .nothingBelow)
    }
  }

  private mutating func perform(_ action: Own.Action, at place: Int) {
    switch action {
    case .drain:
      if !places[place].isDeaf { schedule(.programEnds(place, 1), after: random.int(0...1_000)) }
    case .cleanUp: schedule(.toChild(place, .cleanedUp), after: random.int(0...1_000))
    case .cancelProgram:
      places[place].isCancelled = true
      if !places[place].isDeaf { schedule(.programEnds(place, -2), after: random.int(0...50)) }
    case .endChannels:
      schedule(
        .toChild(place, .channels(areSettled: true, messagesArrived: true, fault: nil)),
        after: random.int(0...50))
    case .stopChildren(let request, _, let policy):
      for child in places[place].children.reversed() {
        hear(child, .stop(.drain, request, within: policy))
      }
    case .sendOutcome(let outcome): tellParent(.outcome(outcome), of: place)
    case .sayGoodbye: tellParent(.goodbye(frames: 0, received: 0), of: place)
    case .cutTie: tellParent(.tieCut, of: place)
    case .arm(.flush, _): schedule(.toChild(place, .flushed), after: random.int(0...50))
    case .arm(let deadline, let time):
      schedule(.toChild(place, .deadlinePassed(deadline)), after: time)
    case .finish: die(place)
    case .startNoMore, .flushReports, .stopCommands, .reportWhoIsWaitedFor, .closeDown: break
    }
  }

  /// The process ends, and with it all below, as with a parent-death signal.
  private mutating func die(_ place: Int) {
    guard places[place].isAlive else { return }
    places[place].isAlive = false
    for child in places[place].children { die(child) }
    // What it sent comes before its end does.
    schedule(.reaped(place), after: max(places[place].lastUp - now, random.int(0...20)))
  }

  // MARK: What its parent has of it

  private mutating func hear(_ place: Int, _ input: Seen.Input) {
    guard let parent = places[place].parent, places[parent].isAlive else { return }
    for action in places[place].seen.handle(input) { perform(action, on: place) }
    if places[parent].own.phase == .reported { lookBelow(parent) }
  }

  private mutating func perform(_ action: Seen.Action, on place: Int) {
    switch action {
    case .lifecycle(.launch): schedule(.launched(place), after: random.int(0...30))
    case .lifecycle(.giveUpAttempt): hear(place, .attemptLost)
    case .lifecycle(.arm(let deadline, let time)):
      let due = now + milliseconds(time)
      if deadline.isOfAStop, let armed = places[place].armed, armed.purpose == deadline,
        armed.due <= due
      {
        return
      }
      places[place].armed = (number + 1, deadline, due)
      schedule(.childDeadline(place, deadline, number + 1), after: time)
    case .lifecycle(.disarm): places[place].armed = nil
    case .lifecycle(.drain(let time)):
      let request = StopRequest(requestedBy: "parent", reason: "")
      tellChild(.drain(request, within: time), place)
    case .lifecycle(.ask(let time)):
      let request = StopRequest(requestedBy: "parent", reason: "")
      tellChild(.stop(request, within: .within(budget: time), signal: nil), place)
    case .lifecycle(.terminate):
      let request = StopRequest(requestedBy: "SIGTERM", reason: "")
      tellChild(.stop(request, within: .default, signal: 15), place)
    case .lifecycle(.kill): die(place)
    case .lifecycle(.acknowledgeGoodbye): tellChild(.released, place)
    case .lifecycle(.conclude): places[place].conclusions += 1
    case .becameReady, .reportStop, .reportViolation, .awaitPayload, .armTie: break
    }
  }
}
