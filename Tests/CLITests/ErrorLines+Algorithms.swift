extension ErrorLines {
  /// Of the other algorithms.
  static let algorithmSentences: [(String, String)] = [
    (
      "train multi-q --genres clusters --table Drama --data generated:tiny --run new",
      "--table: tables name genres, and with genres clusters there are none; leave --table "
        + "out"
    ),
    (
      "train irecgan --policy mixx --env tabular --run new",
      "--policy is mixx; it must be one of random, max, mix, blind, optimal; the nearest "
        + "is mix"
    ),
    (
      "train irecgan --method pg --all-methods",
      "--method and --all-methods exclude each other; leave one of them out."
    ),
    (
      "train dqn --env cliff --data generated:tiny",
      "--data is an option of ratings, and --env cliff has none; leave it out."
    ),
    (
      "train pg --method a2c --data generated:tiny --run new",
      "--method is a2c, which learns nothing from a log's choices; it must be reinforce"
    ),
    (
      "train ddpg --weights nothing --run new",
      "cannot read nothing: No such file or directory; name a file that is there"
    ),
  ]

  /// Further ones, one a line.
  static let algorithmLines = """
    train multi-q --from nowhere
    train gru --from nowhere
    train gru --from gen --sessions gen
    train irecgan --world tabula --run new
    train irecgan --env tabular:x --run new
    train irecgan --data gen --run new
    train irecgan --data nothing --run new
    train irecgan --run d
    train irecgan --sessions 0 --run new
    train irecgan --method pgx --run new
    train irecgan --env tabular --data log.csv --run new
    train irecgan --env tabular --list-size 1000 --run new
    train irecgan --preset papr
    train q --env clif
    train q --env point
    train q --env cliff --discount 2 --run new
    train q --env cliff --steps 0 --run new
    train q --method sarsaa
    train q --step-size foo
    train q --step-size 2 --run new
    train q --run d
    train q --run q --env lizard
    train sarsa-lambda --lambda 2 --run new
    train sarsa-lambda --run q
    train multi-q --data gen/nothing
    train multi-q --shards 0
    train multi-q --shards 1000
    train multi-q --genres foo
    train multi-q --table Nothing --data generated:tiny --run new
    train multi-q --preset publishd
    train multi-q --run d
    train multi-q --solver iteration --reward clicks --data generated:tiny --run new
    train multi-q --order 0 --data generated:tiny --run new
    train dqn --env point
    train dqn --env pmf --episodes 3
    train dqn --env cliff --exploring-starts --split latest
    train dqn --data generated:tiny --exploring-starts
    train dqn --run d
    train dqn --learning-rate 0 --env cliff --run new
    train dqn --reward interact
    train pg --env point --state ave
    train pg --method a2cc
    train pg --run nt
    train gru --data gen/nothing
    train gru --head qq
    train gru --discount 0.3
    train gru --sessions nothing.zip
    train gru --data generated:tiny --sessions x
    train gru --test x
    train gru --run d
    train gru --networks 0 --run new --data generated:tiny
    train ddpg --run new
    train ddpg --weights notes.txt --run new
    train slateq --world interest-evolutio
    train slateq --world virtual-taobao
    train slateq --world interest-evolution --sensitivity 1
    train slateq --learner dqnn
    train slateq --world interest-evolution --slate 0 --run new
    train slateq --world long-term-satisfaction --time-budget 1.5 --run new
    """
}
