internal import ProcessTreeLinks
public import ProcessTreeSupervision
internal import ProcessTreeWire

extension Node {
  /// Makes a child without starting it.
  ///
  /// - Parameters:
  ///   - program: The program that the child runs; its properties are the arguments.
  ///   - name: At most 64 bytes without control characters and slashes; need not be unique. By
  ///     default the child is named after its place: `Process-N1:…:Nk`.
  ///   - daemon: Whether the child is stopped, and not joined, when this node ends; by default as
  ///     for this node.
  ///   - stopPolicy: How long each step of stopping the child may take; by default the
  ///     configuration's.
  ///   - settings: The limits, environment and directory of its process; by default this node's.
  ///   - liveness: How long the child may be silent; by default the configuration's, or `off` for a
  ///     program that declares ``NodeProgram/worksSynchronously``.
  /// - Returns: The child, which has no process until it is started.
  /// - Throws: `programNotFindable` for a private or local type that the app does not list,
  ///   `invalidName`, `invalidLimit` if the tree would be too deep, `invalidConfiguration` for
  ///   settings that no process can have, `nodeEnding`, and an encoding error for arguments that
  ///   cannot be encoded.
  public func makeChild<Program: NodeProgram>(
    _ program: Program, name: String? = nil, daemon: Bool? = nil, stopPolicy: StopPolicy? = nil,
    settings: ProcessSettings = ProcessSettings(), liveness: Liveness? = nil
  ) throws -> Child<Program.Output> {
    try makeChild(
      program, name: name, daemon: daemon, stopPolicy: stopPolicy, settings: settings,
      liveness: liveness, life: nil, host: nil)
  }

  /// Makes a child, which is a life of a supervised one if it has a number.
  func makeChild<Program: NodeProgram>(
    _ program: Program, name: String?, daemon: Bool?, stopPolicy: StopPolicy?,
    settings: ProcessSettings, liveness: Liveness?, life: Int?, host: OpenHost?,
    isKeeper: Bool = false, drainsWithHost: Bool = true
  ) throws -> Child<Program.Output> {
    guard shared.startsChildren else {
      throw ProcessTreeError(
        .nodeEnding, "\(self.name) is ending and starts no more children.")
    }
    if let name { try Self.check(name: name) }
    try settings.check()
    guard identity.path.positions.count < NodePath.maximumDepth else {
      throw ProcessTreeError(
        .invalidLimit, "A tree is at most \(NodePath.maximumDepth) levels deep.")
    }
    let reference = try ProgramReference(Program.self, listed: shared.programs)
    // This comes last of all that may throw, because ends of channels leave with it.
    let (arguments, tickets) = try EndEncoder(channelContext).encode(program)
    let position = isKeeper ? shared.takeKeeperPosition() : shared.takePosition()
    let path = identity.path.child(position)
    let declaration = ChildDeclaration(
      path: path, name: name ?? path.description, isDaemon: daemon ?? isDaemon,
      program: reference, arguments: arguments, stopPolicy: stopPolicy,
      settings: settings, liveness: liveness, worksSynchronously: Program.worksSynchronously,
      life: life, address: identity.address.child(name, position: life == nil ? position : nil),
      host: host?.number, hostName: host?.name ?? identity.placement?.name,
      drainsWithHost: drainsWithHost)
    return Child(declaration, carrying: tickets, of: runtime) { try Program._decode($0) }
  }

  /// Makes a child, starts it, and returns once the child is about to run its program.
  ///
  /// The parameters are those of ``makeChild(_:name:daemon:stopPolicy:settings:liveness:)`` and
  /// ``AnyChild/start(timeout:)``. A child that is not ready in time is killed and reaped.
  ///
  /// - Throws: The errors of ``makeChild(_:name:daemon:stopPolicy:settings:liveness:)`` and
  ///   ``AnyChild/start(timeout:)``.
  public func spawn<Program: NodeProgram>(
    _ program: Program, name: String? = nil, daemon: Bool? = nil, stopPolicy: StopPolicy? = nil,
    settings: ProcessSettings = ProcessSettings(), liveness: Liveness? = nil,
    timeout: Duration? = nil
  ) async throws -> Child<Program.Output> {
    let child = try makeChild(
      program, name: name, daemon: daemon, stopPolicy: stopPolicy, settings: settings,
      liveness: liveness)
    try await child.start(timeout: timeout)
    return child
  }

  /// Makes a life of a supervised child.
  func makeLife(
    _ life: Int, of program: any NodeProgram, name: String, stopPolicy: StopPolicy?,
    settings: ProcessSettings, liveness: Liveness?, host: OpenHost?
  ) throws -> AnyChild {
    func make<Program: NodeProgram>(_ program: Program) throws -> AnyChild {
      try makeChild(
        program, name: name, daemon: nil, stopPolicy: stopPolicy, settings: settings,
        liveness: liveness, life: life, host: host)
    }
    return try make(program)
  }

  static func check(name: String) throws(ProcessTreeError) {
    let bytes = name.utf8
    let isPrintable = bytes.allSatisfy { $0 >= 0x20 && $0 != 0x7F && $0 != UInt8(ascii: "/") }
    guard !bytes.isEmpty, bytes.count <= WireLimits.nodeName, isPrintable else {
      throw ProcessTreeError(
        .invalidName,
        "\(name.quotation.debugDescription) cannot name a node: 1 to \(WireLimits.nodeName) bytes without "
          + "control characters and slashes are expected.")
    }
  }
}
