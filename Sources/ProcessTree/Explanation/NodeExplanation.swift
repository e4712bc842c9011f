internal import ProcessTreeBase
public import ProcessTreeSupervision

/// How a node stands at one moment, and what it waits for; see ``Node/explain(_:within:stacks:)``.
///
/// The node's event loop answers, whatever its program does. Its parent adds what it knows of the
/// node, and answers from outside if the loop does not.
public struct NodeExplanation: Hashable, Sendable, Codable {
  /// Where the node is found.
  public var address: NodeAddress
  /// The node's name.
  public var name: String
  /// The place in the tree, written like a default name; `nil` before the first life.
  public var path: String?
  /// The process id; `nil` between lives.
  public var pid: Int32?
  /// The number of the present or last life, from 1 on; 0 before the first.
  public var incarnation: Int
  /// The phase of its life; a node that no supervisor keeps has those from `starting` to
  /// `stopping`.
  public var phase: SupervisedPhase
  /// What it waits for, as far as the library knows; at most 64.
  public var waits: [NodeWait]
  /// How long its loop was asked in vain; `nil` if it answered, and if there is nobody to ask.
  public var silence: Duration?
  /// The kernel's view of a process whose loop did not answer.
  public var process: ProcessState?
  /// The threads of a process whose loop did not answer, or whose stacks were requested.
  public var threads: [ThreadStack]
  /// A sentence about the end of the last life of a supervised child.
  public var lastEnd: String?
  /// The children, supervised ones without a process too; at most 1,024.
  public var children: [NodeAddress]
  /// How often its supervisor started it again by itself; 0 for a child that no supervisor keeps.
  public var restarts: Int
  /// The name of the host that it runs on; `nil` for that of the run's root, and before the first
  /// life.
  public var host: String?

  /// Makes an explanation, for tests of code that takes one.
  public init(
    address: NodeAddress, name: String, path: String? = nil, pid: Int32? = nil,
    incarnation: Int = 1, phase: SupervisedPhase, waits: [NodeWait] = [], silence: Duration? = nil,
    process: ProcessState? = nil, threads: [ThreadStack] = [], lastEnd: String? = nil,
    children: [NodeAddress] = [], restarts: Int = 0, host: String? = nil
  ) {
    self.address = address
    self.name = name
    self.path = path
    self.pid = pid
    self.incarnation = incarnation
    self.phase = phase
    self.waits = waits
    self.silence = silence
    self.process = process
    self.threads = threads
    self.lastEnd = lastEnd
    self.children = children
    self.restarts = restarts
    self.host = host
  }

  /// The most waits of a node that are named.
  static let mostWaits = 64
  /// The most children of a node that are named.
  static let mostChildren = 1_024
}

extension NodeExplanation: CustomStringConvertible {
  /// The node, and an indented line for each thing that is known.
  public var description: String {
    let process = (pid.map { ", pid \($0)" } ?? "") + (host.map { " on \($0)" } ?? "")
    let life = incarnation > 1 ? ", life \(incarnation)" : ""
    var lines = ["\(address) (\(name)\(process)\(life)): \(phase.rawValue)"]
    if let silence {
      let state = self.process.map { ": \($0)" } ?? ""
      lines.append("  did not answer within \(silence.inShort)\(state)")
    }
    for wait in waits { lines += ["  \(wait)", "    \(wait.remedy)"] }
    if waits.isEmpty, silence == nil, phase == .up || phase == .started {
      lines.append("  waits for nothing that the library knows")
    }
    if phase == .stopped { lines.append("  starts when somebody requests it") }
    if let lastEnd { lines.append("  last end: \(lastEnd)") }
    lines = lines.map(\.withoutControlCharacters)
    for thread in threads {
      lines += "\(thread)".split(separator: "\n").map { "  \($0)" }
    }
    return lines.joined(separator: "\n")
  }
}
