/// Entry point of the engine worker: everything it can do is wired in studio/host.
import { exposeStudio } from '#lib/studio/host.ts';

exposeStudio();
