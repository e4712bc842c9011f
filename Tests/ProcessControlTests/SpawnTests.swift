import ProcessTreeProcessControl
import Testing

extension ProcessControlTests {
  struct SpawnTests {
    @Test
    func aReexecutedChildHasTheSameDescriptorsAndDefaultSignals() throws {
      let run = try Fixture.play("spawn")
      #expect(run["own"] == "true")
      #expect(run["environment"] == "spawned")
      let child = (run["child"] ?? "").split(separator: " ")
      try #require(child.count == 9)
      #expect(child[0] == "0,1,2,3")
      #expect(child[1] == "leader")
      #expect(child[2] == "0000000000000000")
      #expect(child[4] == "4712")
      #expect(child[6] == "cloexec")
      #expect(run["status"] == "exited 0")
      #expect(run["bad"] == "true")
      #expect(run["left"] == "0")
    }

    @Test
    func zeroBytesAndMissingNamesAreRefused() throws {
      let descriptors = ChildDescriptors(
        standardInput: 0, standardOutput: 1, standardError: 2, bootstrap: 2)
      for arguments in [["a\0b"], []] {
        #expect {
          try Spawner.spawn(arguments: arguments, environment: [], descriptors: descriptors)
        } throws: {
          ($0 as? ProcessControlError)?.code == .invalidArgument
        }
      }
    }

    @Test
    func titlesShowInPsAndTopAndKeepArgumentsAndEnvironment() throws {
      let run = try Fixture.play("title")
      #expect(
        run.facts["shown"] == [
          "true Process-1:2", "true x", "true host-b--2-", "true longlonglonglon",
        ])
      #expect(run["own"] == "true")
      #expect(run["arguments"]?.hasPrefix("title") == true)
      #expect(run["environment"] == "outer")
    }

    @Test
    func descriptorLimitsAreTypedErrorsAndPass() throws {
      let run = try Fixture.play("limit")
      #expect(run["pipe"] == "descriptorLimit")
      #expect(run["receive"] == "true")
      #expect(run["recovered"] == "exited 5")
      #expect(run["kept"] == "true 0")
      #expect(run["server"] == "failed 24")
      #expect(run["again"] == "exited 7")
      #expect(run["raised"] == "true")
    }
  }
}
