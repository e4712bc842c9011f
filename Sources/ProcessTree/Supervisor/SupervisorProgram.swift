public import ProcessTreeSupervision

/// A program that is a supervisor, so that supervisors nest as processes.
///
/// ```swift
/// let shop = SupervisorProgram([ChildSpecification("web", Web()), …], strategy: .oneForAll)
/// ChildSpecification("shop", shop, announcesUp: true)
/// ```
///
/// It returns when an automatic shutdown ends it, and fails with a ``SupervisorFailure`` when it
/// gives up. It announces that it is up when all of its children are up or have succeeded.
public struct SupervisorProgram: NodeProgram {
  /// The children, in the order of start.
  public var specifications: [ChildSpecification]
  /// Which children are replaced when one has to be started again.
  public var strategy: SupervisionStrategy
  /// How many restarts it makes before it gives up.
  public var intensity: RestartIntensity
  /// Whether it ends with its significant children.
  public var automaticShutdown: AutomaticShutdown

  /// Makes the program of a supervisor.
  public init(
    _ specifications: [ChildSpecification], strategy: SupervisionStrategy = .oneForOne,
    intensity: RestartIntensity = .default, automaticShutdown: AutomaticShutdown = .never
  ) {
    self.specifications = specifications
    self.strategy = strategy
    self.intensity = intensity
    self.automaticShutdown = automaticShutdown
  }

  /// Supervises until the node is stopped, an automatic shutdown, or too many restarts.
  ///
  /// - Throws: A ``SupervisorFailure`` after too many restarts; the errors of the specifications,
  ///   before anything is started; `nodeEnding`; `CancellationError`.
  public func run(in node: Node) async throws {
    try await node.withSupervisor(
      specifications, strategy: strategy, intensity: intensity,
      automaticShutdown: automaticShutdown
    ) { supervisor in
      async let isUp: Void = {
        // What cannot come up is no failure here: its end, or the lack of it, is the supervisor's
        // matter.
        if (try? await supervisor.waitUntilUp()) != nil { node.announceUp() }
      }()
      try await supervisor.waitUntilOver()
      _ = await isUp
    }
  }
}
