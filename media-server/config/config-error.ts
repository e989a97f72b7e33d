import { UserFault } from '../../process/user-fault.ts';

/** A config that cannot be used. The message names the file, the document, the field and what was expected. */
export class ConfigError extends UserFault {}
