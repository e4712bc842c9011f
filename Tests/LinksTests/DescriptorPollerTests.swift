import Glibc
import ProcessTreeRandomTesting
import Testing

@testable import ProcessTreeLinks

@Suite struct DescriptorPollerTests {
  @Test func handlersAreCalledWhileTheirDescriptorIsReady() throws {
    let poller = try DescriptorPoller()
    let pipe = TestPipe()
    defer { pipe.close() }
    var calls = 0
    try poller.add(pipe.reading, for: .read) { readiness in
      calls += 1
      #expect(readiness == .read)
    }
    poller.poll(timeout: .zero)
    #expect(calls == 0)
    pipe.write()
    poller.poll(timeout: patience)
    poller.poll(timeout: patience)
    #expect(calls == 2, "level-triggered")
    pipe.drain()
    poller.poll(timeout: .zero)
    #expect(calls == 2)
  }

  @Test func theInterestCanBeChanged() throws {
    let poller = try DescriptorPoller()
    let pipe = TestPipe()
    defer { pipe.close() }
    var seen: [DescriptorPoller.Readiness] = []
    try poller.add(pipe.writing, for: []) { seen.append($0) }
    poller.poll(timeout: .zero)
    poller.change(pipe.writing, to: .write)
    poller.poll(timeout: .zero)
    poller.change(pipe.writing, to: [])
    poller.poll(timeout: .zero)
    #expect(seen == [.write])
    poller.change(987_654, to: .read)
  }

  @Test func theOtherSidesEndIsToldWhetherAskedForOrNot() throws {
    let poller = try DescriptorPoller()
    let pipe = TestPipe()
    var seen: [DescriptorPoller.Readiness] = []
    try poller.add(pipe.reading, for: []) { seen.append($0) }
    Glibc.close(pipe.writing)
    poller.poll(timeout: patience)
    #expect(seen.count == 1 && seen.first?.isDisjoint(with: .hangUp) == false)
    poller.remove(pipe.reading)
    Glibc.close(pipe.reading)
  }

  @Test func aDescriptorIsWatchedOnce() throws {
    let poller = try DescriptorPoller()
    let pipe = TestPipe()
    defer { pipe.close() }
    try poller.add(pipe.reading, for: .read) { _ in }
    #expect(throws: LoopError.self) { try poller.add(pipe.reading, for: .read) { _ in } }
    poller.remove(pipe.reading)
    poller.remove(pipe.reading)
    try poller.add(pipe.reading, for: .read) { _ in }
    #expect(throws: LoopError.self) { try poller.add(-1, for: .read) { _ in } }
  }

  @Test func whatAHandlerRemovesIsNotCalledAnyMore() throws {
    let poller = try DescriptorPoller()
    let pipes = (0..<20).map { _ in TestPipe() }
    defer { for pipe in pipes { pipe.close() } }
    var called: [Int] = []
    for (number, pipe) in pipes.enumerated() {
      try poller.add(pipe.reading, for: .read) { _ in
        called.append(number)
        for pipe in pipes { poller.remove(pipe.reading) }
      }
    }
    for pipe in pipes { pipe.write() }
    poller.poll(timeout: patience)
    poller.poll(timeout: .zero)
    #expect(called.count == 1)
  }

  @Test func anEventOfAClosedDescriptorIsNotItsSuccessors() throws {
    let poller = try DescriptorPoller()
    let pipes = [TestPipe(), TestPipe()]
    let successor = TestPipe()
    defer { for pipe in pipes + [successor] { pipe.close() } }
    var called: [String] = []
    for number in 0...1 {
      try poller.add(pipes[number].reading, for: .read) { _ in
        called.append("first")
        pipes[number].drain()
        // The other one's event has been fetched: its number is closed and used again in one step.
        let other = pipes[1 - number].reading
        poller.remove(other)
        dup2(successor.reading, other)
        do {
          try poller.add(other, for: .read) { _ in called.append("successor") }
        } catch {
          called.append("\(error)")
        }
      }
    }
    for pipe in pipes { pipe.write() }
    poller.poll(timeout: patience)
    poller.poll(timeout: .zero)
    #expect(called == ["first"])
    // The successor itself works.
    successor.write()
    poller.poll(timeout: patience)
    #expect(called == ["first", "successor"])
  }

  @Test func aNumberThatWasClosedWithoutAWordCanBeUsedAgain() throws {
    let poller = try DescriptorPoller()
    let (old, new) = (TestPipe(), TestPipe())
    defer { for pipe in [old, new] { pipe.close() } }
    var called: [String] = []
    try poller.add(old.reading, for: .read) { _ in called.append("old") }
    dup2(new.reading, old.reading)
    try poller.add(old.reading, for: .read) { _ in called.append("new") }
    new.write()
    poller.poll(timeout: patience)
    #expect(called == ["new"])
  }

  @Test func moreThanOneFetchIsServed() throws {
    let poller = try DescriptorPoller()
    let pipes = (0..<200).map { _ in TestPipe() }
    defer { for pipe in pipes { pipe.close() } }
    var served: Set<Int> = []
    for (number, pipe) in pipes.enumerated() {
      try poller.add(pipe.reading, for: .read) { _ in
        served.insert(number)
        pipe.drain()
      }
      pipe.write()
    }
    for _ in 0..<10 { poller.poll(timeout: .zero) }
    #expect(served.count == 200)
  }

  @Test func anyOrderOfAddingRemovingAndClosingIsRight() throws {
    var generator = SeededGenerator.announced("anyOrderOfAddingRemovingAndClosingIsRight")
    let poller = try DescriptorPoller()
    /// Watched pipes, by the reading end's number, with the bytes that were written to them.
    var pipes: [Int32: (pipe: TestPipe, written: Int, serial: Int)] = [:]
    var wrong: [String] = []
    for step in 0..<5_000 {
      switch generator.int(0...3) {
      case 0 where pipes.count < 30:
        let pipe = TestPipe()
        pipes[pipe.reading] = (pipe, 0, step)
        try poller.add(pipe.reading, for: .read) { _ in
          guard let entry = pipes[pipe.reading], entry.serial == step else {
            return wrong.append("a handler of a pipe that was removed, at \(step)")
          }
          if pipe.drain() != entry.written { wrong.append("bytes are missing at \(step)") }
          pipes[pipe.reading]?.written = 0
        }
      case 1:
        guard let key = pipes.keys.randomElement(using: &generator),
          let entry = pipes.removeValue(forKey: key)
        else { continue }
        poller.remove(key)
        entry.pipe.close()
      case 2:
        guard let key = pipes.keys.randomElement(using: &generator) else { continue }
        guard let entry = pipes[key], entry.written < 100 else { continue }
        entry.pipe.write()
        pipes[key]?.written += 1
      default:
        poller.poll(timeout: .zero)
        if pipes.values.contains(where: { $0.written > 0 }) {
          wrong.append("a ready pipe was not served at \(step)")
        }
      }
      try #require(wrong == [])
    }
    for entry in pipes.values { entry.pipe.close() }
  }
}
