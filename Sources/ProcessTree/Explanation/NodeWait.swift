internal import ProcessTreeBase

/// What a node waits for: from whom, since when, until when.
///
/// The library knows it without the program's help, because all of its calls that suspend note it
/// or have it in their state. It does not know what a program waits for elsewhere, such as in
/// `Task.sleep` or on a stream of its own.
public struct NodeWait: Hashable, Sendable, Codable {
  /// The kind of event that ends a wait.
  public enum Kind: String, Hashable, Sendable, Codable, CaseIterable {
    /// A supervised child waits until others are as its specification requires.
    case dependency
    /// A supervised child waits for its turn to start: its supervisor starts some at a time.
    case turn
    /// A child, or a program, waits for one of a limited number of slots.
    case slot
    /// A child is starting, and its program has not begun.
    case start
    /// A child has to announce that it is up.
    case up
    /// A supervised child waits for the time of its next start, after a failure.
    case backoff
    /// Children have to end.
    case end
    /// A stop has been requested, and the node has not ended.
    case stop
    /// A receiver has to grant credit before an element can be sent to it.
    case credit
    /// Elements that were sent have to be acknowledged.
    case acknowledgement
    /// An element has to come from a sender.
    case element
    /// A node has to reply to a request.
    case reply
    /// The nodes on the way have to report where an address is.
    case search
    /// A command has to end.
    case command
    /// Work on another thread of the process has to end.
    case work
    /// The exit hooks of the node have to end.
    case hook
    /// A time has to pass.
    case sleep
  }

  /// The kind of event that ends the wait.
  public var kind: Kind
  /// The nodes that can end the wait, at most eight; none if nobody is known yet.
  ///
  /// They are nodes, with their paths if they have names, children and commands.
  public var subjects: [String]
  /// How many there are in all.
  public var subjectCount: Int
  /// How long the wait has lasted.
  public var elapsed: Duration
  /// The time until its deadline; `nil` if it has none.
  public var remaining: Duration?
  /// What else is known about it, as a text for people.
  public var detail: String?

  /// The most subjects that a wait names.
  static let mostSubjects = 8

  /// Makes a wait, for tests of code that takes one.
  public init(
    _ kind: Kind, for subjects: [String] = [], elapsed: Duration, remaining: Duration? = nil,
    detail: String? = nil
  ) {
    self.kind = kind
    self.subjects = Array(subjects.prefix(Self.mostSubjects))
    subjectCount = subjects.count
    self.elapsed = elapsed
    self.remaining = remaining
    self.detail = detail
  }

  /// How the wait could end, and by which node, as a text for people.
  public var remedy: String {
    let who = subjects.isEmpty ? nil : subjectText
    return switch kind {
    case .dependency: "\(who ?? "what it depends on") has to get there, or the dependency to go"
    case .turn: "the supervisor starts it when one of those that are starting is up or has ended"
    case .slot: "one that has a slot has to end or to wait for children, or the limit to grow"
    case .start: "the child has to begin its program; its parent kills it at the deadline"
    case .up: "\(who ?? "the child") has to announce that it is up"
    case .backoff: "the time passes by itself; a restart by request does not wait for it"
    case .end: "\(who ?? "the children") can end or be stopped"
    case .stop: "its program has to return; its parent signals it at the deadline"
    case .credit: "\(who ?? "a receiver") has to receive"
    case .acknowledgement: "\(who ?? "a receiver") has to acknowledge"
    case .element: "\(who ?? "a sender") has to send, or to finish"
    case .reply: "\(who ?? "a node of the service") has to reply"
    case .search: "a node on the way is stopped or computes"
    case .command: "\(who ?? "the command") can end or be stopped"
    case .work: "the work has to return; nobody can interrupt it"
    case .hook: "its exit hooks can return; their time is that of the stop"
    case .sleep: "the time passes by itself; the task can be cancelled"
    }
  }

  /// The subjects, as a list for people.
  var subjectText: String {
    let others = subjectCount - subjects.count
    return subjects.joined(separator: ", ") + (others > 0 ? " and \(others) more" : "")
  }
}

extension NodeWait: CustomStringConvertible {
  /// The wait as a clause: "waits 3.2 s for credit from sink (Process-1:2)".
  public var description: String {
    let whose = subjects.isEmpty ? "" : " \(preposition) \(subjectText)"
    let until = remaining.map { ", at most \($0.inShort) more" } ?? ""
    let more = detail.map { " (\($0))" } ?? ""
    return "waits \(elapsed.inShort) for \(noun)\(whose)\(until)\(more)"
      .withoutControlCharacters
  }

  private var noun: String {
    switch kind {
    case .dependency: "dependencies"
    case .turn: "its turn to start"
    case .slot: "a slot"
    case .start: subjects.isEmpty ? "the begin of its program" : "the start"
    case .up: "the readiness"
    case .backoff: "the end of its backoff"
    case .end: "the end"
    case .stop: "its own end, after a request to stop"
    case .credit: "credit"
    case .acknowledgement: "acknowledgements"
    case .element: "an element"
    case .reply: "a reply"
    case .search: "the answer where an address is"
    case .command: "a command"
    case .work: "work on another thread"
    case .hook: "its exit hooks"
    case .sleep: "a time to pass"
    }
  }

  private var preposition: String {
    switch kind {
    case .start, .up, .end: "of"
    case .dependency, .command, .search: "–"
    default: "from"
    }
  }
}
