import ProcessTreeProcessControl
import Testing

extension ProcessControlTests {
  struct ForkServerTests {
    @Test
    func twoHundredChildrenEndAsToldAndLeaveNothing() throws {
      let run = try Fixture.play("many")
      #expect(run["wrong"] == "0")
      #expect(run["descriptorsKept"] == "true")
      #expect(run["childrenLeft"] == "0")
      #expect(run["afterwards"] == "0 true")
      #expect(run.exitCode() == 0)
    }

    @Test
    func childrenHaveFourDescriptorsASessionATagAndTheRootsMask() throws {
      let run = try Fixture.play("descriptors")
      let children = (run.facts["child"] ?? []).map { $0.split(separator: " ") }
      try #require(children.count == 2)
      for child in children {
        try #require(child.count == 9)
        #expect(child[0] == "0,1,2,3")
        #expect(child[1] == "leader")
        // SIGUSR1, which the root had blocked, and nothing of what the server blocks.
        #expect(child[2] == "0000000000000200")
        #expect(String(child[3]) == run["name"])
        #expect(child[6] == "cloexec")
        #expect(child[7] == "1")
        #expect(child[8] == "alive")
      }
      #expect(children[0][4] != children[1][4])
      #expect(children[0][5] != children[1][5], "rand() must differ between siblings")
    }

    @Test
    func theServerHoldsItsSocketAndTheRootOnly() throws {
      let run = try Fixture.play("descriptors")
      #expect(run["server"] == "0,1,2,3,4")
      #expect(run["serverName"] == "ptree-forksrv")
    }

    @Test
    func aKilledServerIsLostAndItsChildrenLiveOn() throws {
      let run = try Fixture.play("helperKilled")
      #expect(run["reply"] == "lost")
      #expect(run["request"] == "forkServerLost")
      #expect(run["helper"] == "killed by SIGKILL")
      #expect(run.facts["child"] == ["exited 10", "exited 11", "exited 12"])
      #expect(run["left"] == "0")
    }

    @Test
    func aChainOfServersFiveDeepStartsAndEnds() throws {
      let run = try Fixture.play("chain")
      #expect(run["pids"] == "6")
      #expect(run["status"] == "exited 0")
      #expect(run["adopted"] == "")
      #expect(run["left"] == "0")
    }

    @Test
    func aServerPreparesBeforeItClones() throws {
      let run = try Fixture.play("prepared")
      let long = String(repeating: "n", count: 512)
      #expect(
        run.facts["child"] == ["-", "-;first", "-;first", "-;first;\(long)"])
      #expect(run["root"] == "[]")
    }

    @Test
    func dataInAFileIsEachProcesssOwn() throws {
      let run = try Fixture.play("data")
      #expect(run.facts["child"] == ["2 true", "2 true"])
      #expect(run["root"] == "3 true")
      #expect(run.exitCode() == 0)
    }

    @Test(arguments: ["dataOverLimit", "dataLocked"])
    func dataBeyondTheLimitOnFilesOrLockedStaysWhereItIs(scenario: String) throws {
      let run = try Fixture.play(scenario)
      #expect(run.facts["child"] == ["2 false", "2 false"])
      #expect(run["root"] == "3 false")
      #expect(run.exitCode() == 0)
    }

    @Test(arguments: ["heap", "heapOfFew"])
    func clonesWriteToFewPagesOfAHeapWithHolesWhereManyAreExpected(scenario: String) throws {
      let run = try Fixture.play(scenario)
      #expect(run["status"] == "exited 0")
      let account = try #require(run["heap"])
      guard account != "no heap with holes" else { return }
      let pages = account.split(separator: " ").compactMap { Int($0) }
      try #require(pages.count == 2)
      #expect((pages[0] <= pages[1] + 3) == (scenario == "heap"))
    }

    @Test
    func childrenFindTheServersThatWereRequestedForThem() throws {
      let run = try Fixture.play("found")
      let rest = "true true 0"
      #expect(
        run.facts["level"] == [
          "a-name-of-many- ptree-forksrv [a-name-of-many-] \(rest)",
          "level-2 ptree-forksrv [level-2] \(rest)",
          "level-1 ptree-forksrv [level-1] \(rest)",
          "level-1 without",
        ])
      #expect(run["status"] == "exited 0")
      #expect(run["adopted"] == "")
      #expect(run["left"] == "0")
    }

    @Test
    func badRequestsAreAnsweredAndAFullSocketIsAnError() throws {
      let run = try Fixture.play("badRequests")
      #expect(run["closed"] == "true")
      #expect(run["garbage"] == "true")
      #expect(run["full"] == "wouldBlock true")
      #expect(run["answered"] == "true")
      #expect(run["left"] == "0")
    }

    @Test
    func aSecondThreadIsRefused() throws {
      let run = try Fixture.play("threads")
      #expect(run["refused"] == "multithreaded")
      #expect(run["started"] == nil)
    }

    @Test
    func locksOfTheStandardLibraryWorkUnderContentionInChildren() throws {
      let run = try Fixture.play("locks")
      #expect(run.facts["status"] == ["exited 0", "exited 0", "exited 0"])
    }

    @Test
    func usageIsPlausible() throws {
      let run = try Fixture.play("usage")
      #expect(run["time"] == "true")
      #expect(run["memory"] == "true")
      #expect(run["faults"] == "true")
    }
  }
}
