import Foundation
import ProcessTreeBase
import ProcessTreeProcessControl
import Testing

extension ProcessControlTests {
  struct RunPlaceTests {
    private let path = NSTemporaryDirectory() + "/runs-\(UUID().uuidString)"

    private func open() throws -> OwnDirectory {
      #expect(mkdir(path, 0o700) == 0)
      return try OwnDirectory(path: path)
    }

    private func exists(_ name: String) -> Bool {
      FileManager.default.fileExists(atPath: "\(path)/\(name)")
    }

    @Test(arguments: [
      "00000000", "80000000", "ffffffff", "FFFFFFF", "0000000A", "1", "000000001", "+0000001",
      "0000000g", "..0000001", "lock", "", ".",
    ])
    func namesThatNoRunHasAreNobodys(name: String) {
      #expect(RunPlace.run(named: name) == nil)
    }

    @Test(arguments: [1, 0xABCDEF, 0x7FFF_FFFF] as [UInt32])
    func aRunIsFoundByTheNameOfItsDirectory(run: UInt32) {
      #expect(RunPlace.run(named: RunPlace.name(of: run)) == run)
      #expect(RunPlace.run(named: "." + RunPlace.name(of: run)) == run)
    }

    @Test func aDeadRunsPlaceGoesAndALiveOnesStays() throws {
      let runs = try open()
      defer { try? FileManager.default.removeItem(atPath: path) }
      let live = try RunPlace.make(run: 0x1234_5678, in: runs)
      #expect(unlink("\(path)/12345678/lock") == 0)
      // An earlier build holds the file alone.
      try runs.makeDirectory("00000005")
      let lock = try runs.directory("00000005").makeLockedFile("lock")
      for name in ["00000007", ".00000007", "0000000000", "00000000"] {
        try runs.makeDirectory(name)
        #expect(FileManager.default.createFile(atPath: "\(path)/\(name)/1.c", contents: nil))
      }
      RunPlace.sweepDeadRuns(in: runs)
      #expect(exists("12345678") && exists("00000005"))
      #expect(!exists("00000007") && !exists(".00000007"))
      #expect(exists("0000000000/1.c") && exists("00000000/1.c"))
      close(lock.release())
      live.remove()
      #expect(!exists("12345678"))
    }

    /// Deeper than the stack of a helper, or its descriptors, would do for.
    @Test func wellsAreEmptiedToTheGround() throws {
      let runs = try open()
      defer { try? FileManager.default.removeItem(atPath: path) }
      let well = path + "/a" + String(repeating: "/level", count: 300)
      for place in [well, path + "/b/deep-a" + String(repeating: "/d", count: 70)] {
        try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
      }
      // Names that moved files get.
      for name in ["deep-a", "deep-b"] {
        try FileManager.default.createDirectory(
          atPath: "\(path)/\(name)/full", withIntermediateDirectories: true)
      }
      #expect(FileManager.default.createFile(atPath: well + "/ground", contents: nil))
      runs.clear()
      #expect(try FileManager.default.contentsOfDirectory(atPath: path) == [])
    }

    @Test func linksAreNotFollowed() throws {
      let runs = try open()
      defer { try? FileManager.default.removeItem(atPath: path) }
      try runs.makeDirectory("precious")
      #expect(FileManager.default.createFile(atPath: path + "/precious/letter", contents: nil))
      for name in ["00000003", ".00000004"] { symlink(path + "/precious", "\(path)/\(name)") }
      try runs.makeDirectory("00000006")
      symlink(path + "/precious/letter", path + "/00000006/lock")
      symlink(path + "/precious", path + "/00000006/1.c")
      RunPlace.sweepDeadRuns(in: runs)
      #expect(exists("precious/letter"))
      #expect(!exists("00000006"))
    }

    @Test func numbersOfEverybodyReachNobody() {
      for run: UInt32 in [0, 0x8000_0000, .max] {
        #expect(RunSweep.killAll(run: run, .everything).hits == 0)
      }
    }

    @Test func aRootIsKnownByItsOwnTag() throws {
      let tag = RunTag.ofRoot(5, pid: 100, startTime: 200)
      #expect(tag == RunTag.ofRoot(5, pid: 100, startTime: 200))
      #expect(tag != RunTag.ofRoot(5, pid: 101, startTime: 200))
      #expect(tag != RunTag.ofRoot(5, pid: 100, startTime: 201))
      #expect(tag.run == 5 && tag.node != 0 && tag.node != RunTag.helperNode)
      #expect(RunSweep.hasLivingRoot(run: try RunTag.randomRunID()) == false)
    }
  }
}
