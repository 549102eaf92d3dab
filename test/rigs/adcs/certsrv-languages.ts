/** What the pages say to people. Ids, numbers and codes are not in here: they are the same in every language. */
export interface CertsrvLanguage {
  /** Of the `lang` attribute. */
  readonly code: string;
  readonly product: string;
  readonly issued: string;
  readonly issuedInfo: string;
  readonly download: string;
  readonly downloadChain: string;
  readonly pending: string;
  /** With `#` for the request's id. */
  readonly pendingId: string;
  readonly pendingWait: string;
  readonly denied: string;
  readonly deniedInfo: string;
  /** With `#` for the request's id and `@` for what the policy module says. */
  readonly deniedReason: string;
  readonly policyDenied: string;
  readonly policyReason: string;
  readonly error: string;
  readonly errorInfo: string;
  readonly disposition: string;
  readonly dispositionMessage: string;
  readonly unknown: string;
  readonly neverSet: string;
  readonly none: string;
  readonly result: string;
  readonly lastStatus: string;
}

/** Texts of the simulator's pages: the English ones and three others, made up to differ as translations do. */
export const certsrvLanguages = Object.freeze({
  en: {
    code: "en",
    product: "Active Directory Certificate Services",
    issued: "Certificate Issued",
    issuedInfo: "The certificate you requested was issued to you.",
    download: "Download certificate",
    downloadChain: "Download certificate chain",
    pending: "Certificate Pending",
    pendingId: "Your Request Id is #.",
    pendingWait: "However, you must wait for an administrator to issue the certificate you requested.",
    denied: "Certificate Request Denied",
    deniedInfo: "Your certificate request was denied.",
    deniedReason: 'Your Request Id is #. The disposition message is "@".',
    policyDenied: "Denied by Policy Module",
    policyReason: "The request was for something that this CA does not give.",
    error: "Error",
    errorInfo: "An unexpected error has occurred:",
    disposition: "Disposition:",
    dispositionMessage: "Disposition message:",
    unknown: "(unknown)",
    neverSet: "(never set)",
    none: "(none)",
    result: "Result:",
    lastStatus: "LastStatus:",
  },
  fr: {
    code: "fr",
    product: "Services de certificats Active Directory",
    issued: "Certificat émis",
    issuedInfo: "Le certificat demandé vous a été délivré.",
    download: "Télécharger le certificat",
    downloadChain: "Télécharger la chaîne de certificats",
    pending: "Certificat en attente",
    pendingId: "L’identificateur de votre demande est #.",
    pendingWait: "Vous devez cependant attendre qu’un administrateur émette le certificat demandé.",
    denied: "Demande de certificat refusée",
    deniedInfo: "Votre demande de certificat a été refusée.",
    deniedReason: "L’identificateur de votre demande est&nbsp;#. Le message est «&#160;@&#160;».",
    policyDenied: "Refusé par le module de stratégie",
    policyReason: "La demande portait sur ce que cette autorité ne donne pas.",
    error: "Erreur",
    errorInfo: "Une erreur inattendue s’est produite&nbsp;:",
    disposition: "Disposition :",
    dispositionMessage: "Message de disposition :",
    unknown: "(inconnu)",
    neverSet: "(jamais défini)",
    none: "(aucun)",
    result: "Résultat :",
    lastStatus: "Dernier état :",
  },
  de: {
    code: "de",
    product: "Active Directory-Zertifikatdienste",
    issued: "Zertifikat ausgestellt",
    issuedInfo: "Das angeforderte Zertifikat wurde für Sie ausgestellt.",
    download: "Zertifikat herunterladen",
    downloadChain: "Zertifikatkette herunterladen",
    pending: "Zertifikat ausstehend",
    pendingId: "Die ID Ihrer Anforderung lautet #.",
    pendingWait: "Ein Administrator muss das angeforderte Zertifikat noch ausstellen.",
    denied: "Zertifikatanforderung verweigert",
    deniedInfo: "Ihre Zertifikatanforderung wurde verweigert.",
    deniedReason: "Meldung: „@“. Die ID Ihrer Anforderung lautet #.",
    policyDenied: "Vom Richtlinienmodul verweigert",
    policyReason: "Angefordert war, was diese Zertifizierungsstelle nicht ausstellt.",
    error: "Fehler",
    errorInfo: "Ein unerwarteter Fehler ist aufgetreten:",
    disposition: "Status der Anforderung",
    dispositionMessage: "Statusmeldung",
    unknown: "(unbekannt)",
    neverSet: "(nie gesetzt)",
    none: "(keine)",
    result: "Ergebnis",
    lastStatus: "Letzter Status",
  },
  ru: {
    code: "ru",
    product: "Службы сертификатов Active Directory",
    issued: "Сертификат выдан",
    issuedInfo: "Запрошенный вами сертификат был вам выдан.",
    download: "Загрузить сертификат",
    downloadChain: "Загрузить цепочку сертификатов",
    pending: "Сертификат в ожидании",
    pendingId: "Код вашего запроса: #.",
    pendingWait: "Дождитесь, пока администратор выдаст запрошенный сертификат.",
    denied: "Запрос на сертификат отклонён",
    deniedInfo: "Ваш запрос на сертификат был отклонён.",
    deniedReason: "Код вашего запроса: #. Сообщение: «@».",
    policyDenied: "Отклонено модулем политики",
    policyReason: "Запрошено то, чего этот центр сертификации не выдаёт.",
    error: "Ошибка",
    errorInfo: "Произошла непредвиденная ошибка:",
    disposition: "Расположение:",
    dispositionMessage: "Сообщение о расположении:",
    unknown: "(неизвестно)",
    neverSet: "(не задано)",
    none: "(нет)",
    result: "Результат:",
    lastStatus: "Последнее состояние:",
  },
} satisfies Readonly<Record<string, CertsrvLanguage>>);

/** One of {@link certsrvLanguages}. */
export type CertsrvLanguageCode = keyof typeof certsrvLanguages;
