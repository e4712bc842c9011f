internal import ProcessTreeBase
internal import ProcessTreeLinks
internal import ProcessTreeSupervision
internal import ProcessTreeWire

/// An explanation that is being put together at the parent of the node that it is about.
final class PendingExplanation {
  /// The parent's knowledge, and later the node's answer as well.
  var explanation: NodeExplanation
  /// The number of the question to the node, and whom the answer is for once it has come.
  let number: UInt64
  var origin: LookupTable.Origin?
  var awaitsThreads: Bool

  init(_ explanation: NodeExplanation, number: UInt64, awaitsThreads: Bool) {
    self.explanation = explanation
    self.number = number
    self.awaitsThreads = awaitsThreads
  }
}

/// Questions what a node waits for: the node answers, its parent adds what it knows, and answers
/// alone if the node's loop does not in time.
extension AddressBook {
  /// How much longer each node further up waits, so that the one next to a silent node answers.
  private static let patienceOfAHop: Duration = .milliseconds(100)

  /// What this node knows of a child without asking it; nil if there is none.
  func explanation(of place: NameTable.Place) -> NodeExplanation? {
    let controller = names.standing(of: place)?.live.flatMap { runtime.controllers[$0] }
    guard case .supervised(let name) = place else { return controller?.explanation() }
    guard var explanation = runtime.supervisors.compactMap({ $0.explanation(of: name) }).first
    else { return nil }
    guard let life = controller?.explanation() else { return explanation }
    (explanation.path, explanation.pid, explanation.host) = (life.path, life.pid, life.host)
    explanation.waits += life.waits
    return explanation
  }

  /// Answers for a child that cannot be asked; asks any other.
  func explain(
    _ place: NameTable.Place, within milliseconds: Int, stacks: Bool, for origin: LookupTable.Origin
  ) -> Course {
    guard let known = explanation(of: place) else {
      return .answered(.failed(.noSuchNode, "\(address(of: place)) is gone."))
    }
    guard let live = names.standing(of: place)?.live, let controller = runtime.controllers[live],
      let process = controller.process
    else { return .answered(.explained(known)) }
    let question = AddressQuestion(.root, .explain(within: milliseconds, stacks: stacks))
    let course = pass(question, from: origin, to: .child(live))
    guard case .passedOn(let number) = course else { return course }
    let inspectsThreads = stacks && runtime.nodes == nil && controller.host == nil
    let pending = PendingExplanation(known, number: number, awaitsThreads: inspectsThreads)
    explanations[number] = pending
    _ = runtime.loop.timers.schedule(after: .milliseconds(milliseconds)) { [weak self] in
      self?.stayedSilent(pending, .child(live), process, for: .milliseconds(milliseconds))
    }
    if inspectsThreads { inspect(process.pid, for: pending) }
    return course
  }

  /// Answers in place of a node further below when no answer has come up in time.
  func awaitExplanation(
    _ number: UInt64, of question: AddressQuestion, below way: UInt32, steps: Int
  ) {
    guard case .explain(let milliseconds, _) = question.purpose else { return }
    let patience = Duration.milliseconds(milliseconds) + Self.patienceOfAHop * (steps - 1)
    _ = runtime.loop.timers.schedule(after: patience) { [weak self] in
      guard let self, let origin = lookups.answered(number, by: .child(way)) else { return }
      let nearest = runtime.controllers[way]?.child.subject ?? "a child"
      deliver(
        .failed(.unreachable, "\(nearest), on the way, did not answer within \(patience.inShort)."),
        number, to: origin)
    }
  }

  /// A node has answered; false if this node only passes the answer on.
  func isExplained(_ number: UInt64, _ answer: [UInt8], for origin: LookupTable.Origin) -> Bool {
    guard let pending = explanations[number] else { return false }
    pending.origin = origin
    if case .explained(let own)? = try? AddressAnswer(packed: answer) {
      // Of its stop the parent knows the deadline as well.
      let known = pending.explanation.waits
      let others = own.waits.filter { known.isEmpty || $0.kind != .stop }
      pending.explanation.waits = Array((known + others).prefix(NodeExplanation.mostWaits))
      pending.explanation.children = own.children
    }
    finish(pending)
    return true
  }

  /// A child has ended instead of answering: its supervisor, once it has heard of that, knows how
  /// it stands.
  func explainTheEnd(
    of child: ChildDeclaration, _ number: UInt64, to origin: LookupTable.Origin
  ) {
    _ = runtime.loop.timers.schedule(after: .zero) { [weak self] in
      guard let self else { return }
      let known = child.life == nil ? nil : explanation(of: child.place)
      deliver(
        known.map { .explained($0) } ?? .failed(.unreachable, Self.account(ofTheEndOf: child)),
        number, to: origin)
    }
  }

  private func stayedSilent(
    _ pending: PendingExplanation, _ way: LookupTable.Neighbour, _ process: any ChildProcess,
    for patience: Duration
  ) {
    guard let origin = lookups.answered(pending.number, by: way) else {
      // It has ended meanwhile, or answered in time.
      if pending.origin == nil { explanations[pending.number] = nil }
      return
    }
    pending.origin = origin
    pending.explanation.silence = patience
    pending.explanation.process = process.state
    if process is ProcessHandle, pending.explanation.threads.isEmpty, !pending.awaitsThreads {
      pending.explanation.threads = ThreadStack.threads(of: process.pid)
    }
    finish(pending)
  }

  private func inspect(_ pid: Int32, for pending: PendingExplanation) {
    runtime.inspectThreads(of: pid) { [weak self] threads in
      pending.awaitsThreads = false
      pending.explanation.threads = threads
      self?.finish(pending)
    }
  }

  private func finish(_ pending: PendingExplanation) {
    guard !pending.awaitsThreads, let origin = pending.origin else { return }
    explanations[pending.number] = nil
    deliver(.explained(pending.explanation), pending.number, to: origin)
  }
}
