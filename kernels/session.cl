// A step of each of b sessions: an open one ends where its item is `end` or negative; else item,
// reward and the first k columns of list[b, w] are written at step lengths_b of clicks[b, t],
// rewards[b, t] and lists[b, t, k], and it ends once it has t steps. An item a session.
ELEMENTS extend_sessions(
    OUT(int, open), OUT(int, lengths), OUT(int, clicks), OUT(float, rewards), OUT(int, lists),
    IN(int, item), IN(float, reward), IN(int, list), int end, int b, int w, int t, int k) {
  AT(open), AT(lengths), AT(clicks), AT(rewards), AT(lists), AT(item), AT(reward), AT(list);
  FOR_ELEMENTS(i, b) {
    if (open[i] == 0) continue;
    const int step = lengths[i];
    if (item[i] == end || item[i] < 0 || step < 0 || step >= t) {
      open[i] = 0;
      continue;
    }
    const size_t at = (size_t)i * t + step;
    clicks[at] = item[i];
    rewards[at] = reward[i];
    for (int c = 0; c < k; ++c) lists[at * k + c] = list[(size_t)i * w + c];
    lengths[i] = step + 1;
    if (step + 1 == t) open[i] = 0;
  }
}
