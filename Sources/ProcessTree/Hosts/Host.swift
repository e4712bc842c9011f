internal import ProcessTreeWire

/// A machine, or anything else with processes of its own, on which nodes of a tree can run.
///
/// An *engine* reaches it: a command, such as `ssh`, that runs a command there with the standard
/// input and output of both joined. Nothing else is needed of the network.
///
/// ```swift
/// let hosts: [Host] = [
///   .ssh("alice@b.example.org", slots: 8),
///   .command(["docker", "exec", "-i", "web"], name: "web", program: "/opt/app/program"),
/// ]
/// ```
public struct Host: Hashable, Sendable, Codable {
  /// How the host is reached.
  public enum Engine: Hashable, Sendable, Codable {
    /// A command that runs the words that are appended to it there; no words run them on this
    /// machine.
    case command([String])
    /// `ssh`, with options for it before the destination.
    case ssh(destination: String, options: [String])
  }

  /// The name, at most 48 bytes without control characters and slashes; unique among hosts that are
  /// open at one time.
  public var name: String
  /// The name by which files name it together with others: that of an allocation, or of an array.
  package var family: String?
  /// How it is reached.
  public var engine: Engine
  /// How many nodes it is meant to run at a time, which guides ``HostPool``; as many as it has
  /// processors if `nil`.
  public var slots: Int?
  /// The path of the program there; the path of this one if `nil`.
  public var program: String?
  /// Whether this program is copied there, instead of being there already.
  ///
  /// The copy is in `process-tree` in the user's cache (`$XDG_CACHE_HOME`, or else `~/.cache`), by
  /// its build: each build is copied once, and a copy that is not the same any more is replaced. A
  /// host needs `sh` and `cksum` for that.
  public var copiesProgram = false
  /// How long it may take until the host is up.
  public var startDeadline: Duration = .seconds(30)
  /// How long what runs there goes on without a word from here, at least two seconds.
  ///
  /// A connection that breaks is replaced by another one meanwhile; one that is silent for a
  /// quarter of the time is taken for broken. A host without any for a little longer than the time
  /// is lost.
  public var lease: Duration = .seconds(10)

  /// How long nodes there may finish what they have begun once the host has been asked to end by
  /// SIGTERM.
  ///
  /// Slurm does that some time before it kills; this has to be shorter.
  public var drainTime: Duration = .seconds(25)

  /// Makes a description of a host; nothing is checked before it is opened.
  public init(name: String, engine: Engine, slots: Int? = nil, program: String? = nil) {
    self.name = name
    self.engine = engine
    self.slots = slots
    self.program = program
  }

  /// A host that a command reaches.
  ///
  /// The words `env PROCESS_TREE_BOOTSTRAP=host`, the program and the arguments of this process are
  /// appended to the command; `env PROCESS_TREE_BOOTSTRAP=attach` and the program, if the
  /// connection has broken. The command must join standard input and output to those of what it
  /// runs, without changing a byte: no terminal. `docker exec -i NAME` and
  /// `kubectl exec -i NAME --` do.
  ///
  /// - Parameters:
  ///   - words: The command; no words for another host on this machine.
  ///   - name: The name.
  ///   - slots: How many nodes it is meant to run at a time; as many as it has processors if `nil`.
  ///   - program: The path of the program there; the path of this one if `nil`.
  public static func command(
    _ words: [String], name: String, slots: Int? = nil, program: String? = nil
  ) -> Self {
    Self(name: name, engine: .command(words), slots: slots, program: program)
  }

  /// A host that `ssh` reaches.
  ///
  /// It may ask nobody: a key or an agent lets it in, and it knows the host's key. The user's
  /// configuration of `ssh` is in force.
  ///
  /// - Parameters:
  ///   - destination: What `ssh` takes: `alice@b`, `ssh://alice@b:2222`, or a name of its
  ///     configuration.
  ///   - name: The name; by default the destination.
  ///   - slots: How many nodes it is meant to run at a time; as many as it has processors if `nil`.
  ///   - options: Further options for `ssh`, such as `["-p", "2222"]`.
  ///   - program: The path of the program there; the path of this one if `nil`.
  public static func ssh(
    _ destination: String, name: String? = nil, slots: Int? = nil, options: [String] = [],
    program: String? = nil
  ) -> Self {
    Self(
      name: name ?? destination.filter { $0 != "/" },
      engine: .ssh(destination: destination, options: options), slots: slots, program: program)
  }

  static let longestName = 48
  private static let shortestLease: Duration = .seconds(2)

  /// Checks what can be checked without opening the host.
  ///
  /// - Throws: A ``HostError`` with the code `invalidHost` for a host that cannot be opened
  ///   whatever happens.
  public func check() throws(HostError) {
    let isPrintable = name.utf8.allSatisfy {
      $0 >= 0x20 && $0 != 0x7F && $0 != UInt8(ascii: "/")
    }
    guard !name.isEmpty, name.utf8.count <= Self.longestName, isPrintable else {
      throw HostError(
        .invalidHost, host: name.quotation,
        "a host's name has 1 to \(Self.longestName) bytes without control characters and slashes")
    }
    if copiesProgram, program != nil {
      throw HostError(
        .invalidHost, host: name, "a program that is copied there has no path of its own")
    }
    if let slots, slots < 1 {
      throw HostError(.invalidHost, host: name, "a host has one slot or more, not \(slots)")
    }
    guard startDeadline > .zero else {
      throw HostError(.invalidHost, host: name, "a host needs time to start")
    }
    guard drainTime >= .zero else {
      throw HostError(.invalidHost, host: name, "no time to drain is less than none")
    }
    guard lease >= Self.shortestLease else {
      throw HostError(
        .invalidHost, host: name, "a lease lasts \(Self.shortestLease) or longer, not \(lease)")
    }
    if case .ssh(let destination, _) = engine, destination.isEmpty || destination.hasPrefix("-") {
      throw HostError(
        .invalidHost, host: name, "\(destination.debugDescription) is no destination for ssh")
    }
  }
}
