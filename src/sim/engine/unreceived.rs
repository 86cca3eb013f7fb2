//! Messages that nobody has received when a run ends, and that nobody would receive any more.

use super::{Ending, Engine};
use crate::os::sync::Asker;
use crate::python::program::Program;
use crate::sim::report::Unreceived;
use crate::trace::Observer;

impl<O: Observer> Engine<'_, O> {
    /// What threads have sent in vain, channel by channel. Questions are left out: who asks waits for the answer, and that
    /// is told of the thread; so are requests of users outside, who have answers or have not.
    pub(super) fn unreceived(&mut self, ending: Ending) -> Vec<Unreceived> {
        let mut all = Vec::new();
        for channel in 0..self.model.channels.len() {
            let messages = self.kernel.objects().messages(self.outside.channels[channel]);
            let mut sent =
                messages.filter(|message| message.asker == Asker::Nobody).map(|message| message.sent);
            let Some(since) = sent.next() else { continue };
            let messages = 1 + sent.count();
            if self.is_abandoned(channel, ending) {
                all.push(Unreceived { channel, messages, since });
            }
        }
        all
    }

    /// Whether nobody is left who would receive from a channel, or the program has ended over what was sent. As long as
    /// a daemon goes on sending, its last messages are no loss: the end of the program is also that of the stream.
    fn is_abandoned(&self, channel: usize, ending: Ending) -> bool {
        let program_has_ended = ending == Ending::Finished && self.awaited == 0;
        !self.goes_on(|program| program.receives_from(channel))
            || (program_has_ended && !self.goes_on(|program| program.sends_to(channel)))
    }

    /// Whether a thread, a task or a handler that has not ended has such a program.
    fn goes_on(&self, is_such: impl Fn(&Program) -> bool) -> bool {
        let is_such = |program: usize| is_such(&self.model.programs[program]);
        let of_threads = self.model.threads.iter().enumerate().any(|(thread, spec)| {
            let has_ended = self.threads[thread].ended.is_some();
            !has_ended
                && match spec.event_loop {
                    Some(number) => {
                        let tasks = self.model.loops[number].tasks.iter().enumerate();
                        let mut left = tasks.filter(|(task, _)| !self.loops[number].has_ended(*task));
                        left.any(|(_, program)| is_such(*program))
                    }
                    None => is_such(spec.program),
                }
        });
        let main_goes_on = self.threads[super::signals::MAIN].ended.is_none();
        let mut handlers = self.model.signals.iter().filter_map(|signal| signal.handler);
        of_threads || (main_goes_on && handlers.any(is_such))
    }
}
