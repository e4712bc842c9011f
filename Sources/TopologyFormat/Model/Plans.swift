/// A topology that was checked, as it is to be run.
package struct TopologyPlan: Sendable, Codable {
  package var name: String
  package var description: String?
  /// The executable that has the file's programs.
  package var app: String?
  package var treeLimit: Int?
  package var group: GroupPlan

  /// How many nodes stand in all groups, instances not counted.
  package var nodeCount: Int { group.nodeCount }
}

/// A group of nodes under one supervisor.
package struct GroupPlan: Sendable, Codable {
  package enum Strategy: String, Sendable, Codable {
    case oneForOne, oneForAll, restForOne
  }

  /// When a group ends.
  package enum End: Hashable, Sendable, Codable {
    case all
    case any
    case with([String])
  }

  package var strategy = Strategy.oneForOne
  package var restarts = 5
  package var period: Duration = .seconds(30)
  package var limit: Int?
  package var endsWith = End.all
  package var goesOnAfterFailure = false
  package var stopWithin: Duration?
  /// The channels that it makes for the nodes below.
  package var channels: [ChannelPlan] = []
  /// The ends of channels of outer groups that its nodes have.
  package var outerEnds: Set<EndPlan> = []
  /// The hosts that its nodes name.
  package var hosts: [HostPlan] = []
  /// The nodes that are run.
  package var nodes: [NodePlan] = []
  /// How many nodes stand in it and in the groups below, those of other profiles included.
  package var nodeCount = 0

  /// Whether it starts a node that counts as up as soon as it runs, because it has no check.
  package var hasUncheckedNodes: Bool {
    nodes.contains { node in
      if case .group(let group) = node.kind { return group.hasUncheckedNodes }
      return node.readiness == nil && !node.isManual
    }
  }

  /// How many nodes it starts on this machine, each once, with those of its groups; nil where
  /// pipelines or programs decide that.
  package var starts: Int? {
    var starts = 0
    for node in nodes {
      switch node.kind {
      case .command: starts += node.instances ?? 1
      case .group(let group):
        guard let below = group.starts else { return nil }
        starts += (1 + below) * (node.instances ?? 1)
      case .pipeline, .program: return nil
      }
    }
    return starts
  }
}

/// A node of a group.
package struct NodePlan: Sendable, Codable {
  package indirect enum Kind: Sendable, Codable {
    case command(CommandPlan)
    case group(GroupPlan)
    case pipeline(PipelinePlan)
    case program(ProgramPlan)
  }

  package enum Condition: String, Sendable, Codable {
    case started, up, succeeded, ended
  }

  package var name: String
  /// The names from the file's own group down, joined by slashes.
  package var address: String
  package var description: String?
  /// The file and the line that it stands in.
  package var origin: String
  package var kind: Kind
  package var instances: Int?
  /// The names of the hosts that it runs on; none for that of its group.
  package var hosts: [String] = []
  package var dependsOn: [String: Condition] = [:]
  package var readiness: CheckPlan?
  package var liveness: CheckPlan?
  package var restart = RestartPlan()
  package var timeLimit: Duration?
  package var stop = StopPlan()
  /// How many bytes of its output are kept.
  package var logKept = NodePlan.usuallyKept
  package var mayFail = false
  package var isManual = false
  package var profiles: [String] = []

  /// How many bytes of output are kept where the file has no number.
  package static let usuallyKept = 16 << 20

  /// The ends of channels that it has.
  package var ends: Set<EndPlan> {
    switch kind {
    case .program(let plan): plan.ends
    case .group(let group): group.outerEnds
    case .command, .pipeline: []
    }
  }

  /// Whether it has a check that shows that it is up.
  var hasReadiness: Bool {
    if case .group = kind { return true }
    return readiness != nil
  }
}

/// After which ends a node is started again, and when.
package struct RestartPlan: Sendable, Codable, Hashable {
  package enum When: String, Sendable, Codable {
    case always, onFailure, never
  }

  package struct Backoff: Sendable, Codable, Hashable {
    package var first: Duration = .milliseconds(100)
    package var factor = 2.0
    package var most: Duration = .seconds(30)
    package var jitter = 0.0
  }

  package var when = When.never
  package var backoff: Backoff?
}

/// How a node is stopped.
package struct StopPlan: Sendable, Codable, Hashable {
  package var signal = "TERM"
  package var command: [Scalar]?
  package var within: Duration = .seconds(7)
}

/// How it is found out that a command serves.
package struct CheckPlan: Sendable, Codable, Hashable {
  package enum Kind: Sendable, Codable, Hashable {
    case command([Scalar])
    case http(Scalar)
    case port(Scalar)
    case line(Scalar)
    case file(Scalar)
    case notify
  }

  package var kind: Kind
  package var delay: Duration = .zero
  package var period: Duration = .seconds(1)
  package var timeout: Duration = .seconds(1)
  package var failures = 3
  package var successes = 1
  package var deadline: Duration = .seconds(30)
}

/// A command, of which parts may depend on the instance and the run.
package struct CommandPlan: Sendable, Codable, Hashable {
  /// A change of the environment; later ones win.
  package enum Change: Sendable, Codable, Hashable {
    case set(String, Scalar)
    case remove(String)
    /// The text of a file, which is read when the command starts.
    case secretFile(String, Scalar)
  }

  package enum Inherited: Sendable, Codable, Hashable {
    case all
    case nothing
    case only([String])
  }

  package enum Stream: Sendable, Codable, Hashable {
    case log
    case null
    case output
    case file(Scalar, appends: Bool)
  }

  package enum Limit: Sendable, Codable, Hashable {
    case cpuTime(Duration)
    case addressSpace(Int)
    case openFiles(Int)
    case processes(Int)
    case fileSize(Int)
    case coreSize(Int)
    case stackSize(Int)
  }

  /// The executable and its arguments.
  package var words: [Scalar]
  package var environment: [Change] = []
  package var inherited = Inherited.all
  package var directory: Scalar
  package var user: String?
  package var group: String?
  package var umask: UInt32?
  package var limits: [Limit] = []
  package var success: [Int32] = []
  package var input: Scalar?
  package var output = Stream.log
  package var error = Stream.log

  init(words: [Scalar], directory: Scalar) {
    self.words = words
    self.directory = directory
  }

  /// What the checks of a program have in common with those of a command: where they run.
  package static func ofChecks(in directory: Scalar) -> Self {
    Self(words: [], directory: directory)
  }
}

/// Where somebody has to accept connections.
package enum PortPlan: Hashable, Sendable {
  case port(Int, host: String)
  case socket(String)

  package init?(_ text: String) {
    if text.contains("/") {
      self = .socket(text)
      return
    }
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    guard let port = parts.last.flatMap({ Int($0) }), (1...65_535).contains(port),
      parts.count <= 2, parts.count == 1 || !parts[0].isEmpty
    else { return nil }
    self = .port(port, host: parts.count == 2 ? String(parts[0]) : "127.0.0.1")
  }
}

/// What an HTTP check asks for.
package struct HTTPPlan: Hashable, Sendable {
  package var host: String
  package var port: Int
  package var path: String

  package init?(_ text: String) {
    let scheme = "http://"
    guard text.hasPrefix(scheme) else { return nil }
    let rest = text.dropFirst(scheme.count)
    let authority = rest.prefix { $0 != "/" }
    path = rest.count == authority.count ? "/" : String(rest.dropFirst(authority.count))
    let parts = authority.split(separator: ":", omittingEmptySubsequences: false)
    guard let host = parts.first, !host.isEmpty, parts.count <= 2, !path.contains(" ") else {
      return nil
    }
    self.host = String(host)
    guard let port = parts.count == 2 ? Int(parts[1]) : 80, (1...65_535).contains(port) else {
      return nil
    }
    self.port = port
  }
}
