internal import ProcessTreeLinks
internal import ProcessTreeSupervision
internal import ProcessTreeWire

/// What a node knows of addresses: the names of its children, what it keeps for each of them, and
/// the questions that it has passed on.
///
/// Belongs to the loop. Values decide: `NameTable` on names, `LookupTable` on questions.
final class AddressBook {
  /// What follows from a question.
  enum Course {
    case answered(AddressAnswer)
    /// A neighbour will answer the question of this number.
    case passedOn(UInt64)
  }

  unowned let runtime: NodeRuntime
  var names = NameTable()
  var lookups = LookupTable()
  /// The tasks that wait for the answers to questions of this node.
  private var waiting: [UInt64: Waiters<AddressAnswer>] = [:]
  /// The explanations of children that are being put together, by the number of the question.
  var explanations: [UInt64: PendingExplanation] = [:]
  /// The mailboxes that this node keeps, by the child and by what they carry.
  var mailboxes: [NameTable.Place: [MailboxKey: KeptMailbox]] = [:]
  /// The policies of supervised children's mailboxes.
  var policies: [String: MailboxPolicy] = [:]
  var monitors = KeptMonitors()
  var lastOwner = 0
  /// What operations may scale that is no template of a supervisor.
  var scales: [ScaledNames] = []
  /// The ends by which this node sends to addresses.
  var ends = RecentEnds()

  init(of runtime: NodeRuntime) { self.runtime = runtime }

  private var identity: NodeIdentity { runtime.identity }

  // MARK: Questions

  /// Asks a question for a task of this node, which waits for the answer at most for a time.
  func ask(_ question: AddressQuestion, for wait: Wait<AddressAnswer>, within time: Duration) {
    switch course(of: question, from: .own) {
    case .answered(let answer): wait.end(answer)
    case .passedOn(let number):
      let waiters = Waiters<AddressAnswer>(on: runtime.loop.timers)
      waiting[number] = waiters
      wait.join(waiters, within: time)
    }
  }

  /// Forgets the questions for whose answers no task waits any more.
  func forgetAbandoned() {
    for (number, waiters) in waiting where waiters.isEmpty {
      waiting[number] = nil
      lookups.withdraw(number)
    }
  }

  /// Receives a question of a neighbour.
  func receive(question: [UInt8], number: UInt64, from neighbour: LookupTable.Neighbour) {
    let origin = LookupTable.Origin.neighbour(neighbour, number)
    do throws(WireError) {
      let question = try AddressQuestion(packed: question)
      if case .operate = question.purpose, case .child = neighbour {
        // What a child may change is below it, and no question of such a kind gets here.
        let text = "\(question.address) is not below the node that wants to change it."
        return reply(AddressAnswer.failed(.notPermitted, text).packed(), to: origin)
      }
      if case .answered(let answer) = course(of: question, from: origin) {
        reply(answer.packed(), to: origin)
      }
    } catch {
      reply(AddressAnswer.failed(.noSuchNode, error.description).packed(), to: origin)
    }
  }

  /// Receives a neighbour's answer; nodes on the way do not read it.
  func receive(answer: [UInt8], number: UInt64, from neighbour: LookupTable.Neighbour) {
    guard let origin = lookups.answered(number, by: neighbour),
      !isExplained(number, answer, for: origin)
    else { return }
    guard origin == .own else { return reply(answer, to: origin) }
    let read: AddressAnswer
    do throws(WireError) {
      read = try AddressAnswer(packed: answer)
    } catch {
      read = .failed(.unreachable, error.description)
    }
    waiting.removeValue(forKey: number)?.resume(read)
  }

  /// Gives an answer to the task or the neighbour that waits for it.
  func deliver(_ answer: AddressAnswer, _ number: UInt64, to origin: LookupTable.Origin) {
    guard origin == .own else { return reply(answer.packed(), to: origin) }
    waiting.removeValue(forKey: number)?.resume(answer)
  }

  /// A child has ended: its questions are forgotten, and those that it had to answer fail.
  func lost(_ child: ChildDeclaration) {
    for (number, origin) in lookups.lost(.child(child.position)) {
      if explanations.removeValue(forKey: number) != nil {
        explainTheEnd(of: child, number, to: origin)
        continue
      }
      deliver(.failed(.unreachable, Self.account(ofTheEndOf: child)), number, to: origin)
    }
  }

  static func account(ofTheEndOf child: ChildDeclaration) -> String {
    "\(child.address) ended before it could answer."
  }

  // MARK: The way

  /// Answers a question, or passes it on towards its address: up to the first node that is above
  /// both, then down.
  private func course(of question: AddressQuestion, from origin: LookupTable.Origin) -> Course {
    let isFromAbove = if case .neighbour(.parent, _) = origin { true } else { false }
    let steps =
      isFromAbove ? question.address.steps : identity.address.steps(downTo: question.address) ?? []
    guard let first = steps.first else {
      if case .explain = question.purpose, isFromAbove {
        return .answered(.explained(runtime.explanation()))
      }
      if case .operate(let operation) = question.purpose, isFromAbove {
        return .answered(operateOnSelf(operation))
      }
      guard !isFromAbove else { return .answered(.failed(.noSuchNode, "An address is missing.")) }
      guard !identity.isRoot else {
        return .answered(serve(question.purpose, at: .own, for: origin))
      }
      return pass(question, from: origin, to: .parent)
    }
    if steps.count == 1, case .operate(let operation) = question.purpose,
      let course = operate(operation, on: first, for: origin)
    {
      return course
    }
    switch names.find(name: first.name, position: first.position.map { UInt32(clamping: $0) }) {
    case .place(let place):
      guard steps.count > 1 else { return course(of: question.purpose, at: place, from: origin) }
      guard let live = names.standing(of: place)?.live else {
        return .answered(.failed(.unreachable, "\(address(of: place)) is down at present."))
      }
      var rest = question
      rest.address = NodeAddress(steps: Array(steps.dropFirst()))
      let course = pass(rest, from: origin, to: .child(live))
      if case .passedOn(let number) = course {
        awaitExplanation(number, of: question, below: live, steps: steps.count)
      }
      return course
    case .ambiguous(let positions):
      let choices = positions.prefix(8).map { "\(first)#\($0)" }.joined(separator: ", ")
      return .answered(
        .failed(
          .noSuchNode,
          "\(identity.address) has several children \(first): choose one of \(choices)."
        ))
    case .unknown(let others):
      let known = others.isEmpty ? "it has none" : "it has " + others.joined(separator: ", ")
      return .answered(
        .failed(.noSuchNode, "\(identity.address) has no child \(first): \(known)."))
    }
  }

  private func course(
    of purpose: AddressQuestion.Purpose, at place: NameTable.Place,
    from origin: LookupTable.Origin
  ) -> Course {
    guard case .explain(let milliseconds, let stacks) = purpose else {
      return .answered(serve(purpose, at: place, for: origin))
    }
    return explain(place, within: milliseconds, stacks: stacks, for: origin)
  }

  func pass(
    _ question: AddressQuestion, from origin: LookupTable.Origin, to way: LookupTable.Neighbour
  ) -> Course {
    guard let number = lookups.open(from: origin, to: way) else {
      return .answered(
        .failed(.queueFull, "\(identity.address) has passed on too many questions."))
    }
    send(.lookUp(number: number, question: question.packed()), to: way)
    return .passedOn(number)
  }

  private func reply(_ answer: [UInt8], to origin: LookupTable.Origin) {
    guard case .neighbour(let neighbour, let number) = origin else { return }
    send(.found(number: number, answer: answer), to: neighbour)
  }

  private func send(_ message: ControlMessage, to neighbour: LookupTable.Neighbour) {
    switch neighbour {
    case .parent: runtime.parent?.send(message)
    case .child(let position): runtime.controllers[position]?.sendOnceConnected(message)
    case .own: break
    }
  }

  private func serve(
    _ purpose: AddressQuestion.Purpose, at place: NameTable.Place, for origin: LookupTable.Origin
  ) -> AddressAnswer {
    switch purpose {
    case .mailbox(_, _, .receiver) where !isOwn(place, of: origin):
      .failed(
        .notPermitted,
        "The mailbox of \(address(of: place)) is its own: others can only send to it.")
    case .mailbox(let kind, let type, let side):
      mailbox(MailboxKey(kind: kind, type: type), side, at: place)
    case .monitor(let sender): monitor(place, by: sender)
    case .explain: .explained(runtime.explanation())
    case .operate(let operation): operateOnSelf(operation)
    }
  }

  /// Whether a place is that of the node that asks.
  private func isOwn(_ place: NameTable.Place, of origin: LookupTable.Origin) -> Bool {
    switch origin {
    case .own: place == .own
    case .neighbour(.child(let position), _): names.standing(of: place)?.live == position
    case .neighbour(.parent, _), .neighbour(.own, _): false
    }
  }

  /// The address of a place, for texts.
  func address(of place: NameTable.Place) -> NodeAddress {
    switch place {
    case .own: identity.address
    case .supervised(let name): identity.address.child(name)
    case .position(let position): identity.address.child(at: Int(position))
    }
  }
}
