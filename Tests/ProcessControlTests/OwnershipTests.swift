import ProcessTreeProcessControl
import Testing

extension ProcessControlTests {
  struct OwnershipTests {
    @Test
    func anUnansweredCloneIsFound() throws {
      let run = try Fixture.play("unanswered")
      #expect(run["found"] == "unanswered killed by SIGKILL")
      #expect(run["left"] == "0")
    }

    @Test
    func aStrangersWaitCannotStealAStatus() throws {
      let run = try Fixture.play("stranger")
      #expect(run["right"] == "50")
      #expect(run["stolen"] == nil)
    }

    @Test
    func whatAKilledNodeLeavesBehindIsFoundEndedAndReaped() throws {
      let run = try Fixture.play("leftBehind")
      #expect(run["early"] == "0")
      #expect(run["mayBeThereEarly"] == "false")
      #expect(run["status"] == "killed by SIGKILL")
      #expect(run["error"] == nil)
      let found = run.facts["found"] ?? []
      // Two children of the node, the daemon of one of them, and the node's fork server.
      #expect(found.count == 4)
      #expect(found.count { $0.hasPrefix("left:") } == 3)
      #expect(found.count { $0.hasPrefix("left:") && $0.hasSuffix("sleep 300") } == 1)
      #expect(found.count { $0 == "server exited 0" } == 1)
      #expect(run["left"] == "0")
    }

    @Test
    func childrenOfOtherCodeAreNotTouched() throws {
      let run = try Fixture.play("foreign")
      #expect(run["children"] == "3")
      #expect(run["found"] == "0")
      #expect(run["alive"] == "true")
      #expect(run["statusKept"] == "true")
      #expect(run["swept"] == "2")
      #expect(run["descendants"] == "true false")
    }

    @Test
    func childrenDieWithTheirNode() throws {
      let run = try Fixture.play("parentDeath")
      #expect(run["gone"] == "true true")
    }

    @Test
    func tagsAreReadFromLivingAndDeadProcesses() throws {
      let run = try Fixture.play("tags")
      for key in ["own", "child", "server", "zombie", "gone", "init"] {
        #expect(run[key] == "true", "\(key)")
      }
    }
  }
}
