import ProcessTreeRandomTesting
import ProcessTreeSupervision
import ProcessTreeWire
import Testing

@testable import ProcessTree

@Suite struct SubtreePictureTests {
  private func picture(_ path: NodePath = .root) -> SubtreePicture {
    SubtreePicture(
      of: NodeSnapshot(name: "MainProcess", path: "\(path)", pid: 1, phase: .ready, children: []),
      at: path)
  }

  private func path(_ positions: UInt32...) -> NodePath { NodePath(positions: positions) }

  @Test func aSnapshotIsATree() {
    let picture = picture()
    for path in [path(2), path(1), path(10), path(1, 2), path(1, 1), path(1, 2, 1)] {
      picture.apply(event(.started, path), about: path)
    }
    picture.apply(event(.ready, path(1)), about: path(1))
    picture.apply(event(.stopping(.init(requestedBy: "", reason: "")), path(2)), about: path(2))
    let tree = picture.snapshot()
    #expect(tree.root.children.map(\.path) == ["Process-1", "Process-2", "Process-10"])
    #expect(tree.root.children[0].children.map(\.path) == ["Process-1:1", "Process-1:2"])
    #expect(tree.root.children[0].children[1].children.map(\.path) == ["Process-1:2:1"])
    #expect(tree.root.children[0].name == "nProcess-1" && tree.root.children[0].pid == 7)
    #expect(tree.counts == [.ready: 2, .starting: 4, .stopping: 1] && tree.exitedCount == 0)
  }

  @Test func theEndedAreCountedOnce() {
    let picture = picture()
    picture.apply(event(.started), about: path(1))
    for kind in [LifecycleEvent.Kind.exited(exitReport()), .lost, .exited(exitReport())] {
      picture.apply(event(kind), about: path(1))
    }
    #expect(picture.snapshot().exitedCount == 1 && picture.snapshot().root.children == [])
  }

  /// A test that waits for as many ends as the picture has would otherwise miss these.
  @Test func endsWithoutAProcessCount() {
    let picture = picture()
    for position: UInt32 in 1...3 {
      var end = event(.exited(exitReport()), path(position))
      end.pid = nil
      picture.apply(end, about: path(position))
    }
    #expect(picture.snapshot().exitedCount == 3 && picture.snapshot().root.children == [])
  }

  @Test func otherEventsChangeNothing() {
    let picture = picture()
    picture.apply(event(.ready), about: path(1))
    let before = picture.snapshot()
    for kind in [
      report(1), .forkServerLost, .leftBehind(pid: 3, command: "x"),
      .connectionRefused(reason: ""), .messageRejected(reason: ""),
    ] {
      picture.apply(event(kind), about: path(1))
      picture.apply(event(kind, path(2)), about: path(2))
    }
    #expect(picture.snapshot() == before)
  }

  @Test func aNodeDoesNotJudgeItself() {
    let picture = picture(path(3))
    picture.apply(event(.exited(exitReport()), path(3)), about: path(3))
    #expect(picture.snapshot().root.phase == .ready && picture.snapshot().exitedCount == 0)
  }

  @Test func theNodesBelowOneComeDeepestFirst() {
    let picture = picture()
    for path in [path(1), path(1, 1), path(1, 1, 4), path(1, 2), path(2), path(11)] {
      picture.apply(event(.started, path), about: path)
    }
    let below = picture.nodes(below: path(1)).map(\.0)
    #expect(below.first == path(1, 1, 4) && Set(below) == [path(1, 1, 4), path(1, 1), path(1, 2)])
    #expect(picture.nodes(below: path(2)).isEmpty && picture.nodes(below: .root).count == 6)
  }

  /// Trees that grow at any node and die from their leaves up, as real ones do.
  @Test func countsAndTreeAgree() {
    var generator = SeededGenerator.announced("countsAndTreeAgree")
    let picture = picture()
    var live: [NodePath] = []
    var next: UInt32 = 0
    var ended = 0
    for _ in 0..<3_000 {
      if live.isEmpty || generator.int(0...10) > 4, live.count < 60 {
        next += 1
        let parent = generator.int(0...3) == 0 ? .root : live.randomElement(using: &generator)
        let path = (parent ?? .root).child(next)
        live.append(path)
        picture.apply(event(.started, path), about: path)
      } else if let victim = live.randomElement(using: &generator) {
        let below = picture.nodes(below: victim)
        #expect(
          Set(below.map(\.0)) == Set(live.filter { $0 != victim && $0.isWithin(victim) }))
        for (path, _) in below {
          picture.apply(event(.lost, path), about: path)
          live.removeAll { $0 == path }
          ended += 1
        }
        picture.apply(event(.exited(exitReport()), victim), about: victim)
        live.removeAll { $0 == victim }
        ended += 1
      }
      let tree = picture.snapshot()
      #expect(tree.counts.values.reduce(0, +) == live.count + 1 && tree.exitedCount == ended)
      #expect(count(tree.root) == live.count + 1)
    }
  }

  private func count(_ node: NodeSnapshot) -> Int {
    node.children.reduce(1) { $0 + count($1) }
  }
}
