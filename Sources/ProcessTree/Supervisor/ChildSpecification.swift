public import ProcessTreeSupervision

/// What a supervisor starts as a child, and how it keeps it alive.
///
/// ```swift
/// ChildSpecification("database", Database(directory: path), restart: .permanent)
/// ChildSpecification("web", Command("nginx"), dependsOn: ["database": .up])
/// ```
///
/// It is a value: it can be stored, sent to other nodes and read back from a running supervisor.
public struct ChildSpecification: Sendable, Codable {
  /// The name, which is unique among siblings, and stays the same through all restarts.
  public var name: String
  /// The program; each life of the child begins with this value.
  public var program: any NodeProgram {
    get { carried.program }
    set { carried.program = newValue }
  }
  /// After which ends the child is started again.
  public var restart: RestartType
  /// How long each step of stopping the child may take; the configuration's if `nil`.
  public var stopPolicy: StopPolicy?
  /// How long the child may be silent before it is killed, which is an end like any other; the
  /// configuration's if `nil`.
  public var liveness: Liveness?
  /// Whether the end of the child may be the end of its supervisor; see `AutomaticShutdown`.
  public var isSignificant: Bool
  /// The conditions of siblings that have to hold before the child starts.
  public var dependsOn: [String: DependencyCondition]
  /// How long to wait before a restart; not at all if `nil`.
  public var backoff: RestartBackoff?
  /// How many children with this program there are, named `NAME-1`, `NAME-2` and so on; one with
  /// the name itself if `nil`.
  public var instances: Int?
  /// Whether the program calls ``Node/announceUp()``; without that, it is up when it runs, until it
  /// calls ``Node/announceDown()``.
  public var announcesUp: Bool
  /// Whether the child starts with its supervisor; one that does not is stopped until somebody
  /// starts or restarts it, and those that depend on it wait until then.
  public var startsByItself: Bool
  /// The limits, environment and directory of the child's process in each life.
  public var settings: ProcessSettings
  /// How the items in the child's mailbox wait; see ``Node/mailbox(of:)``.
  public var mailbox: MailboxPolicy
  /// The names of hosts on which the child may run; beside its supervisor if there are none.
  ///
  /// The supervisor's node has them open; see ``Node/withHosts(_:minimum:_:)``. Each life starts on
  /// the one with the smallest part of its slots in use. If none is up, the life could not start.
  public var hosts: [String]

  private var carried: CarriedProgram

  /// Makes a specification of a program; nothing is checked before a supervisor takes it.
  public init(
    _ name: String, _ program: any NodeProgram, restart: RestartType = .permanent,
    stopPolicy: StopPolicy? = nil, liveness: Liveness? = nil, isSignificant: Bool = false,
    dependsOn: [String: DependencyCondition] = [:], backoff: RestartBackoff? = nil,
    instances: Int? = nil, announcesUp: Bool = false, startsByItself: Bool = true,
    settings: ProcessSettings = ProcessSettings(), mailbox: MailboxPolicy = MailboxPolicy(),
    hosts: [String] = []
  ) {
    self.name = name
    carried = CarriedProgram(program: program)
    self.restart = restart
    self.stopPolicy = stopPolicy
    self.liveness = liveness
    self.isSignificant = isSignificant
    self.dependsOn = dependsOn
    self.backoff = backoff
    self.instances = instances
    self.announcesUp = announcesUp
    self.startsByItself = startsByItself
    self.settings = settings
    self.mailbox = mailbox
    self.hosts = hosts
  }

  /// Makes a specification of an external command, which runs in a node of its own; see
  /// ``ExternalCommand``.
  ///
  /// With `upWhen`, the child is up when that holds; see ``ReadinessCheck``. Without it, the child
  /// is up when the command runs.
  public init(
    _ name: String, _ command: Command, restart: RestartType = .permanent,
    stopPolicy: StopPolicy? = nil, liveness: Liveness? = nil, isSignificant: Bool = false,
    dependsOn: [String: DependencyCondition] = [:], backoff: RestartBackoff? = nil,
    instances: Int? = nil, upWhen: ReadinessCheck? = nil,
    settings: ProcessSettings = ProcessSettings()
  ) {
    self.init(
      name, ExternalCommand(command, upWhen: upWhen), restart: restart, stopPolicy: stopPolicy,
      liveness: liveness, isSignificant: isSignificant, dependsOn: dependsOn, backoff: backoff,
      instances: instances, announcesUp: upWhen != nil, settings: settings)
  }
}

extension ChildSpecification: CustomStringConvertible {
  /// The name, the program's type and the kind of restart.
  public var description: String {
    "\(name)\(instances.map { " ×\($0)" } ?? ""): \(type(of: program)), \(restart)"
  }
}
