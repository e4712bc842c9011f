public import ProcessTree

/// Runs a tree of nodes within this process, and returns what `body` returns once nothing of it is
/// left.
///
/// ```swift
/// @Test func squares() async throws {
///   try await withTestTree { root in
///     let result = try await root.spawn(Square(number: 12)).result
///     #expect(result == 144)
///   }
/// }
/// ```
///
/// It works in every program, whatever its `main` is: in a bundle of XCTest or Swift Testing, in a
/// playground, under a debugger. Nodes are tasks of this process (start method `inProcess`); their
/// programs, messages, channels, pools, pipelines, events and stops are the same as with processes.
///
/// - Parameters:
///   - configuration: The settings of the tree; its start method is `inProcess` in any case.
///   - programs: Programs that cannot be found by their name, because they are private or local.
///   - clock: What the tree's timers go by. With ``TestClock/virtual`` a deadline of a minute
///     passes at once when nothing else is left to do.
///   - seed: Runs the jobs of the tree's tasks in an order that the seed decides; in the order in
///     which they become ready without one. With the virtual clock, one seed is one history.
///   - body: The root's program.
/// - Returns: The result of `body`.
/// - Throws: The error of `body`; children are stopped then.
@discardableResult
public func withTestTree<Success: Sendable>(
  configuration: TreeConfiguration = TreeConfiguration(), programs: [any NodeProgram.Type] = [],
  clock: TestClock = .real, seed: UInt64? = nil,
  _ body: @escaping @Sendable (Node) async throws -> Success
) async throws -> Success {
  try await withTestTree(
    configuration: configuration, programs: programs, clock: clock, seed: seed
  ) { root, _ in
    try await body(root)
  }
}

/// Runs a tree of nodes within this process, with the means to harm and to watch it.
///
/// The parameters are those of the other function of this name; `body` gets the tree as well.
///
/// - Throws: The error of `body`; children are stopped then.
@discardableResult
public func withTestTree<Success: Sendable>(
  configuration: TreeConfiguration = TreeConfiguration(), programs: [any NodeProgram.Type] = [],
  clock: TestClock = .real, seed: UInt64? = nil,
  _ body: @escaping @Sendable (Node, TestTree) async throws -> Success
) async throws -> Success {
  try await InProcessTree.run(
    configuration, programs: programs, hasVirtualTime: clock == .virtual,
    pickJob: seed.map { SeededOrder(seed: $0).pick }
  ) { tree in
    try await body(tree.root, TestTree(tree))
  }
}

/// What the timers of a test's tree go by.
public enum TestClock: Sendable {
  /// The machine's clock.
  case real
  /// Stands still while a node of the tree has something to do, and then passes at once to the next
  /// deadline.
  ///
  /// `Node/sleep(for:)` and all time limits of the library go by it, `Task.sleep` does not. Work of
  /// `offload` is done on the tree's thread.
  case virtual
}

/// A tree under test, as its test watches and harms it.
///
/// A *step* is a frame that one node sends to another: faults are injected at the n-th.
public struct TestTree: Sendable {
  private let tree: InProcessTree

  init(_ tree: InProcessTree) { self.tree = tree }

  /// How many steps the tree has made.
  ///
  /// To be asked by the root's program.
  public var steps: UInt64 { tree.frames }

  /// The places of the live nodes below the root, such as `Process-1:2`, in the order in which they
  /// were made.
  ///
  /// To be asked by the root's program.
  public var liveNodes: [String] { tree.livePaths }

  /// How much of the tree's time has passed.
  public var time: Duration { tree.time }

  /// A number made of all frames so far: two histories with the same number are the same.
  ///
  /// To be asked by the root's program.
  public var fingerprint: UInt64 { tree.digest }

  /// Returns what is left in the tree beside its root: nodes, connections, timers, channels and
  /// their ends, places under the tree's limit; empty if nothing is.
  ///
  /// To be asked by the root's program, when its children should have ended and it holds no ends of
  /// channels.
  ///
  /// - Parameter time: How long to wait first, by the tree's clock: some things end by themselves.
  /// - Returns: How many there are of each kind of which there are some.
  /// - Throws: `CancellationError`.
  public func remains(after time: Duration = .seconds(120)) async throws -> [String: Int] {
    try await tree.root.sleep(for: time)
    return tree.remains
  }

  /// Harms the tree at a step.
  public func inject(_ fault: TestFault, atStep step: UInt64) {
    switch fault.kind {
    case .node(let path, let harm): tree.harm(path, harm, atFrame: step)
    case .lostFrame: tree.loseFrame(atFrame: step)
    }
  }
}
