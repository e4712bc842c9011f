import Glibc
import ProcessTreeBase
import ProcessTreeLinks
import ProcessTreeProcessControl
import ProcessTreeWire
import Testing

@testable import ProcessTree

@Suite struct BootstrapTests {
  private func lastWord(after bytes: [UInt8]) throws -> LastWord? {
    let ends = try Descriptors.makeSocketPair()
    let tie = try ChildTie(ends.first, on: EventLoop()) {}
    try write(bytes, to: ends.second)
    return tie.lastWord
  }

  /// Writes and closes.
  private func write(_ bytes: [UInt8], to end: consuming Descriptor) throws {
    try Descriptors.writeAll(end.number, bytes)
  }

  @Test func theLastWordTellsHowFarAChildCame() throws {
    let words = try [[], [1], [1, 2] + "not wanted".utf8, [2] + "no process".utf8, [2]]
      .map(lastWord)
    #expect(words == [nil, .begun, .failed("not wanted"), .failed("no process"), .failed("")])
  }
}

@Suite struct DepthTests {
  /// Takes the end of a channel along.
  struct Carrier: NodeProgram {
    var sender: Sender<Int>
    func run(in node: Node) async throws {}
  }

  @Test func anEndStaysWhereItIsWhenTheTreeIsTooDeepForItsCarrier() throws {
    let path = NodePath(positions: Array(repeating: 1, count: NodePath.maximumDepth))
    let identity = NodeIdentity(
      path: path, name: "deep", pid: getpid(), isDaemon: false, parent: nil,
      tag: RunTag(run: 1, node: 1),
      run: try RunIdentity.ofThisProcess(runID: 1, directory: "/tmp"), build: "")
    let loop = try EventLoop()
    let runtime = NodeRuntime(
      identity, on: loop, shared: NodeShared(configuration: TreeConfiguration(), programs: []),
      secret: NodeSecret(Secret { _ in }, of: path))
    let node = Node(LoopBound(runtime, on: loop))
    let (sender, receiver) = node.makePipe(of: Int.self)
    #expect(throws: ProcessTreeError.self) { try node.makeChild(Carrier(sender: sender)) }
    #expect(!sender.end.hasMoved && !receiver.end.hasMoved)
    // What ends leave to the loop is done while there is a node.
    withExtendedLifetime((sender, receiver)) {}
    var isDone = false
    loop.perform {}
    _ = loop.timers.schedule(after: .milliseconds(1)) { isDone = true }
    loop.run { isDone }
  }
}
