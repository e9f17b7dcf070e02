"""Words about music in Korean, Japanese and Chinese, put into the English that the reader and the encoder know.

"슬픈 피아노, 드럼 없이" is "sad piano, without drums": word by word, but that what follows a word in these languages
("없이", "なし": without) comes before it. Of what is not in the table nothing is left, for the encoder reads no such
letters; a text of which nothing is in it stays as it is. Knows nothing of what the English words say.
"""

from __future__ import annotations

import re
import unicodedata

# English: Korean, Japanese, Chinese (simplified, traditional where it differs). A space in a Korean word may be left
# out. Stems stand for all their endings; a longer wording wins.
_ROWS: dict[str, tuple[str, str, str]] = {
    # instruments
    "piano": ("피아노", "ピアノ", "钢琴, 鋼琴"),
    "electric piano": ("일렉트릭 피아노, 전자 피아노, 로즈 피아노", "エレピ, 電子ピアノ, エレクトリックピアノ",
                       "电钢琴, 電鋼琴"),
    "keyboard": ("건반, 키보드", "キーボード, 鍵盤", "键盘, 鍵盤, 电子琴, 電子琴"),
    "organ": ("오르간", "オルガン", "风琴, 風琴"),
    "church organ": ("파이프 오르간", "パイプオルガン, 教会オルガン", "管风琴, 管風琴"),
    "harpsichord": ("하프시코드, 쳄발로", "チェンバロ, ハープシコード", "羽管键琴, 大键琴, 大鍵琴"),
    "celesta": ("첼레스타", "チェレスタ", "钢片琴, 鋼片琴"),
    "glockenspiel": ("글로켄슈필", "グロッケン, 鉄琴", "钟琴, 鐘琴"),
    "bells": ("종소리, 방울", "鐘, 鈴", "铃铛, 鈴鐺, 钟声, 鐘聲"),
    "music box": ("오르골, 뮤직 박스", "オルゴール", "八音盒, 音乐盒, 音樂盒"),
    "vibraphone": ("비브라폰", "ビブラフォン, ヴィブラフォン", "颤音琴, 顫音琴"),
    "marimba": ("마림바", "マリンバ, 木琴", "马林巴, 馬林巴, 木琴"),
    "kalimba": ("칼림바", "カリンバ", "拇指琴, 卡林巴"),
    "accordion": ("아코디언", "アコーディオン", "手风琴, 手風琴"),
    "harmonica": ("하모니카", "ハーモニカ", "口琴"),
    "guitar": ("기타", "ギター", "吉他"),
    "classical guitar": ("클래식 기타", "クラシックギター", "古典吉他, 尼龙弦吉他"),
    "acoustic guitar": ("통기타, 어쿠스틱 기타", "アコースティックギター, アコギ, 生ギター",
                        "木吉他, 民谣吉他, 民謠吉他, 原声吉他"),
    "electric guitar": ("일렉 기타, 일렉트릭 기타, 전기 기타", "エレキギター, エレキ, エレクトリックギター",
                        "电吉他, 電吉他"),
    "distorted guitar": ("디스토션 기타", "歪んだギター, ディストーションギター", "失真吉他"),
    "ukulele": ("우쿨렐레", "ウクレレ", "尤克里里, 烏克麗麗"),
    "mandolin": ("만돌린", "マンドリン", "曼陀林"),
    "banjo": ("밴조", "バンジョー", "班卓琴"),
    "bass": ("베이스", "ベース", "贝斯, 貝斯, 低音"),
    "electric bass": ("베이스 기타, 일렉 베이스", "エレキベース, ベースギター", "电贝斯, 電貝斯"),
    "slap bass": ("슬랩 베이스", "スラップベース", ""),
    "double bass": ("콘트라베이스, 더블 베이스", "コントラバス, ウッドベース", "低音提琴, 倍大提琴"),
    "violin": ("바이올린", "バイオリン, ヴァイオリン", "小提琴"),
    "viola": ("비올라", "ビオラ, ヴィオラ", "中提琴"),
    "cello": ("첼로", "チェロ", "大提琴"),
    "strings": ("현악기, 현악, 스트링", "弦楽器, 弦楽, ストリングス", "弦乐, 弦樂"),
    "string quartet": ("현악 사중주, 현악 4중주", "弦楽四重奏", "弦乐四重奏, 弦樂四重奏"),
    "trio": ("트리오, 삼중주", "トリオ, 三重奏", "三重奏"),
    "duet": ("듀엣, 이중주", "デュエット, 二重奏", "二重奏"),
    "pizzicato": ("피치카토", "ピチカート, ピッチカート", "拨弦, 撥弦"),
    "fiddle": ("해금", "フィドル, 二胡", "二胡"),
    "koto": ("가야금, 거문고", "琴, 箏, 三味線", "古筝, 古箏, 古琴"),
    "lute": ("류트", "リュート, 琵琶", "琵琶"),
    "sitar": ("시타르", "シタール", "西塔琴"),
    "harp": ("하프", "ハープ, 竪琴", "竖琴, 豎琴"),
    "choir": ("합창단, 합창", "合唱, 合唱団, コーラス, 聖歌隊", "合唱, 合唱团, 合唱團"),
    "orchestra": ("오케스트라, 관현악", "オーケストラ, 管弦楽", "管弦乐, 管弦樂, 交响乐团, 交響樂團"),
    "trumpet": ("트럼펫", "トランペット", "小号, 小號"),
    "trombone": ("트롬본", "トロンボーン", "长号, 長號"),
    "french horn": ("호른", "ホルン", "圆号, 圓號"),
    "tuba": ("튜바", "チューバ", "大号, 大號"),
    "brass": ("금관 악기, 금관, 브라스", "金管, ブラス, ホーン", "铜管, 銅管"),
    "saxophone": ("색소폰", "サックス, サクソフォン", "萨克斯, 薩克斯"),
    "clarinet": ("클라리넷", "クラリネット", "单簧管, 單簧管, 黑管"),
    "oboe": ("오보에", "オーボエ", "双簧管, 雙簧管"),
    "bassoon": ("바순", "ファゴット, バスーン", "巴松"),
    "woodwinds": ("목관 악기, 목관", "木管楽器, 木管", "木管"),
    "flute": ("플루트, 플룻, 피리, 대금", "フルート, 笛, 篠笛", "长笛, 長笛, 笛子, 竹笛"),
    "shakuhachi": ("퉁소, 단소", "尺八", "箫, 簫, 尺八"),
    "pan flute": ("팬플루트", "パンフルート, パンパイプ", "排箫, 排簫"),
    "bagpipes": ("백파이프", "バグパイプ", "风笛, 風笛"),
    "synthesizer": ("신디사이저, 신스", "シンセサイザー, シンセ", "合成器"),
    "synth bass": ("신스 베이스", "シンセベース", "合成贝斯, 合成器贝斯, 合成貝斯"),
    "synth pad": ("신스 패드, 패드", "シンセパッド, パッド", "铺底, 鋪底"),
    "drums": ("드럼, 북소리, 장구, 북", "ドラム, ドラムス, 太鼓",
              "鼓组, 鼓組, 架子鼓, 鼓声, 鼓聲, 鼓点, 鼓點, 打鼓, 鼓, 锣鼓, 鑼鼓"),
    "percussion": ("타악기, 퍼커션", "パーカッション, 打楽器", "打击乐, 打擊樂"),
    "beat": ("비트", "ビート", "节拍, 節拍"),
    "claps": ("박수", "手拍子, クラップ", "拍手, 掌声, 掌聲"),
    "vocals": ("보컬, 목소리, 노랫소리", "ボーカル, ヴォーカル, 歌声, 歌", "人声, 人聲, 歌声, 歌聲, 演唱"),
    "encouraging": ("", "", "鼓励, 鼓勵, 鼓舞"),  # no drums
    "fugue": ("푸가", "フーガ", "赋格, 賦格"),
    # kinds
    "music": ("음악, 뮤직", "音楽, ミュージック", "音乐, 音樂, 乐曲, 樂曲"),
    "song": ("노래", "曲, ソング", "歌曲, 曲子"),
    "instrumental": ("연주곡", "インスト, インストゥルメンタル", "纯音乐, 純音樂, 器乐, 器樂"),
    "melody": ("멜로디, 선율", "メロディー, メロディ, 旋律", "旋律"),
    "chords": ("화음", "和音", "和弦"),
    "chord": ("코드", "コード", ""),
    "loop": ("루프, 반복", "ループ", "循环, 循環"),
    "ending": ("엔딩, 아웃트로, 끝나는", "エンディング, アウトロ, 終わる", "结尾, 結尾, 尾奏"),
    "finale": ("피날레", "フィナーレ", "终曲, 終曲"),
    "pop": ("팝 음악, 팝송, 팝, 트로트, 가요", "ポップス, ポップ, 歌謡曲", "流行音乐, 流行音樂, 流行"),
    "k-pop": ("케이팝", "ケーポップ", "韩流, 韓流"),
    "j-pop": ("", "ジェイポップ", ""),
    "city pop": ("시티팝, 시티 팝", "シティポップ, シティーポップ", "城市流行"),
    "ballad": ("발라드", "バラード", "抒情歌, 情歌"),
    "christmas": ("크리스마스, 성탄", "クリスマス", "圣诞节, 聖誕節, 圣诞, 聖誕"),
    "halloween": ("할로윈, 핼러윈", "ハロウィン, ハロウィーン", "万圣节, 萬聖節"),
    "children's song": ("동요", "童謡", "儿歌, 兒歌"),
    "rock": ("록 음악, 락 음악, 록 밴드, 락 밴드, 록, 락", "ロック", "摇滚, 搖滾"),
    "rock and roll": ("로큰롤", "ロックンロール", "摇滚乐, 搖滾樂"),
    "hard rock": ("하드 록, 하드 락", "ハードロック", "硬摇滚, 硬搖滾"),
    "punk rock": ("펑크 록, 펑크 락", "パンクロック, パンク", "朋克, 龐克"),
    "metal": ("메탈", "メタル, ヘビメタ, ヘヴィメタル", "金属乐, 金屬樂, 重金属, 重金屬"),
    "lo-fi hip hop": ("로파이 힙합, 로파이", "ローファイヒップホップ, ローファイ", "低保真"),
    "hip hop": ("힙합", "ヒップホップ", "嘻哈"),
    "rap": ("랩", "ラップ", "说唱, 說唱, 饶舌, 饒舌"),
    "trap": ("트랩", "トラップ", "陷阱音乐"),
    "r&b": ("알앤비", "アールアンドビー", "节奏布鲁斯"),
    "soul": ("소울", "ソウル", "灵魂乐, 靈魂樂"),
    "ambient": ("앰비언트", "アンビエント, 環境音楽", "氛围音乐, 氛围, 氛圍, 环境音乐"),
    "meditation": ("명상", "瞑想", "冥想"),
    "healing music": ("힐링 음악, 힐링", "ヒーリング, 癒し", "治愈, 療癒, 疗愈"),
    "new age": ("뉴에이지", "ニューエイジ", "新世纪音乐"),
    "classical": ("클래식, 고전 음악", "クラシック", "古典音乐, 古典音樂, 古典"),
    "baroque": ("바로크", "バロック", "巴洛克"),
    "sonata": ("소나타", "ソナタ", "奏鸣曲, 奏鳴曲"),
    "symphony": ("교향곡", "交響曲, シンフォニー", "交响曲, 交響曲, 交响, 交響"),
    "concerto": ("협주곡", "協奏曲", "协奏曲, 協奏曲"),
    "nocturne": ("녹턴, 야상곡", "ノクターン, 夜想曲", "夜曲"),
    "opera": ("오페라", "オペラ", "歌剧, 歌劇"),
    "hymn": ("찬송가, 성가", "賛美歌, 聖歌", "圣歌, 聖歌, 赞美诗"),
    "gospel": ("가스펠", "ゴスペル", "福音"),
    "folk": ("포크, 민요", "フォーク, 民謡", "民谣, 民謠, 民乐, 民歌"),
    "celtic": ("켈틱, 켈트", "ケルト", "凯尔特, 凱爾特"),
    "irish": ("아일랜드", "アイリッシュ, アイルランド", "爱尔兰, 愛爾蘭"),
    "korean": ("한국, 국악", "韓国", "韩国, 韓國"),
    "japanese": ("일본", "日本, 和風", "日本"),
    "chinese": ("중국", "中国, 中華", "中国风, 中國風, 中国, 中國"),
    "medieval": ("중세", "中世", "中世纪, 中世紀"),
    "fantasy": ("판타지", "ファンタジー", "奇幻"),
    "tavern": ("술집, 주막", "酒場", "酒馆, 酒館"),
    "jazz": ("재즈", "ジャズ", "爵士乐, 爵士樂, 爵士"),
    "swing": ("스윙", "スウィング, スイング", "摇摆乐, 搖擺樂"),
    "big band": ("빅밴드", "ビッグバンド", "大乐队, 大樂隊"),
    "bebop": ("비밥", "ビバップ", "比波普"),
    "ragtime": ("래그타임", "ラグタイム", "拉格泰姆"),
    "blues": ("블루스", "ブルース", "布鲁斯, 蓝调, 藍調"),
    "bossa nova": ("보사노바", "ボサノバ, ボサノヴァ", "波萨诺瓦, 巴萨诺瓦, 巴薩諾瓦"),
    "samba": ("삼바", "サンバ", "桑巴, 森巴"),
    "salsa": ("살사", "サルサ", "萨尔萨, 騷莎"),
    "tango": ("탱고", "タンゴ", "探戈"),
    "latin": ("라틴", "ラテン", "拉丁"),
    "flamenco": ("플라멩코", "フラメンコ", "弗拉门戈, 佛朗明哥"),
    "electronic music": ("전자 음악, 일렉트로닉", "電子音楽, エレクトロ, エレクトロニカ",
                         "电子音乐, 電子音樂, 电子, 電音, 电音"),
    "house": ("하우스", "ハウス", "浩室"),
    "techno": ("테크노", "テクノ", "科技舞曲, 铁克诺"),
    "trance": ("트랜스", "トランス", "迷幻舞曲"),
    "dubstep": ("덥스텝", "ダブステップ", "回响贝斯"),
    "drum and bass": ("드럼 앤 베이스", "ドラムンベース", "鼓打贝斯"),
    "dance music": ("댄스 음악, 댄스 뮤직, 댄스", "ダンスミュージック, ダンス", "舞曲"),
    "club": ("클럽", "クラブ", "夜店, 夜总会"),
    "synthwave": ("신스웨이브", "シンセウェイヴ, シンセウェーブ", "合成器浪潮"),
    "vaporwave": ("베이퍼웨이브", "ヴェイパーウェイヴ", "蒸汽波"),
    "chiptune": ("8비트, 게임 음악, 칩튠", "8ビット, チップチューン, ゲーム音楽, ゲームミュージック, ファミコン",
                 "8位, 芯片音乐, 游戏音乐, 遊戲音樂"),
    "funk": ("펑크", "ファンク", "放克"),
    "disco": ("디스코", "ディスコ", "迪斯科, 迪斯可"),
    "reggae": ("레게", "レゲエ", "雷鬼"),
    "ska": ("스카 음악", "スカ", "斯卡"),
    "film music": ("영화 음악, 사운드트랙", "映画音楽, サウンドトラック, サントラ, 劇伴",
                   "电影配乐, 電影配樂, 电影音乐, 配乐, 配樂"),
    "cinematic": ("시네마틱", "シネマティック", "电影感, 電影感"),
    "anime opening": ("애니 오프닝", "アニソン", "动漫主题曲"),
    "waltz": ("왈츠", "ワルツ, 円舞曲", "圆舞曲, 圓舞曲, 华尔兹, 華爾滋"),
    "march": ("행진곡", "行進曲, マーチ", "进行曲, 進行曲"),
    "polka": ("폴카", "ポルカ", "波尔卡"),
    "lullaby": ("자장가", "子守唄, 子守歌", "摇篮曲, 搖籃曲, 催眠曲"),
    "country": ("컨트리", "カントリー", "乡村音乐, 鄉村音樂, 乡村, 鄉村"),
    "bluegrass": ("블루그래스", "ブルーグラス", "蓝草, 藍草"),
    "acoustic": ("어쿠스틱", "アコースティック", "原声, 不插电"),
    # tempi
    "very slow": ("아주 느린, 아주 느리게, 매우 느린, 매우 느리게", "とても遅い, とてもゆっくり", "很慢, 非常慢, 极慢"),
    "slow": ("느린, 느리게, 느리고, 느리, 천천히", "遅い, ゆっくり, スロー, ゆったり, 遅め",
             "慢速, 缓慢, 緩慢, 慢节奏, 慢歌, 舒缓, 舒緩, 慢, 慢一点, 慢點"),
    "moderate tempo": ("보통 빠르기, 중간 빠르기", "ミディアムテンポ, 中くらいの速さ", "中速, 中等速度"),
    "fast": ("빠른, 빠르게, 빠르고, 빠르, 빨리", "速い, 早い, ハイテンポ, 速め",
             "快速, 快节奏, 快節奏, 快歌, 急促, 快, 快一点, 快點"),
    "very fast": ("아주 빠른, 아주 빠르게, 매우 빠른, 매우 빠르게", "とても速い, 超高速, 高速",
                  "很快, 非常快, 极快, 極快"),
    "upbeat": ("신나는, 신나게, 업비트", "アップテンポ, ノリのいい", "动感, 動感"),
    "lively": ("활기찬, 활기", "にぎやか, 賑やか, 軽快", "轻快, 輕快, 活泼, 活潑, 热闹, 熱鬧"),
    "too": ("너무", "あまり, すぎ", "太"),
    "not too": ("", "", "不要太, 别太, 別太, 不太"),
    "very": ("아주, 매우, 정말", "とても, すごく", "非常, 十分"),
    # moods
    "sad": ("슬픈, 슬프, 슬픔, 우울, 쓸쓸", "悲しい, 悲しげ, 哀しい, 悲哀",
            "悲伤, 悲傷, 伤感, 傷感, 忧伤, 憂傷, 难过, 難過"),
    "melancholic": ("애절, 애잔", "切ない, 憂鬱, もの悲しい, メランコリック", "忧郁, 憂鬱, 惆怅"),
    "lonely": ("외로운, 외로", "孤独, 寂しい, さみしい", "孤独, 孤獨, 寂寞"),
    "dark": ("어두운, 어둡, 어둠", "暗い, ダーク, 闇", "黑暗, 阴暗, 陰暗, 昏暗"),
    "happy": ("행복, 기쁜, 기쁘", "嬉しい, 幸せ, ハッピー", "快乐, 快樂, 开心, 開心, 幸福, 高兴"),
    "cheerful": ("즐거운, 즐겁, 명랑", "楽しい, 陽気", "欢快, 歡快, 愉快, 欢乐, 歡樂"),
    "cheerful, lively": ("경쾌", "", ""),
    "bright": ("밝은, 밝고, 밝게, 밝", "明るい", "明亮, 明快"),
    "hopeful": ("희망", "希望", "希望"),
    "cute": ("귀여운, 귀엽", "かわいい, 可愛い", "可爱, 可愛"),
    "peaceful": ("잔잔, 평화", "平和, のどか", "平静, 平靜, 宁静, 寧靜, 和平"),
    "calm": ("차분, 조용, 고요", "静か, 穏やか, 落ち着", "安静, 安靜, 沉静"),
    "relaxing": ("편안, 여유로", "リラックス, くつろ", "放松, 放鬆, 轻松, 輕鬆"),
    "gentle": ("부드러, 부드럽", "優しい, やさしい, 柔らか", "轻柔, 輕柔, 温柔, 溫柔, 柔和"),
    "warm": ("따뜻, 포근", "暖かい, 温かい, あたたか", "温暖, 溫暖"),
    "dreamy": ("몽환, 꿈같", "夢のよう, 幻想的, ドリーミー", "梦幻, 夢幻"),
    "romantic": ("로맨틱, 낭만", "ロマンチック, ロマンティック", "浪漫"),
    "nostalgic": ("향수, 그리운, 그리움, 추억", "懐かしい, ノスタルジック, 郷愁", "怀旧, 懷舊, 思念, 回忆, 回憶"),
    "emotional": ("감성, 감동", "感動的, エモい", "感人, 抒情"),
    "mysterious": ("신비", "神秘, ミステリアス", "神秘"),
    "scary": ("무서운, 공포, 으스스", "怖い, 不気味, ホラー", "恐怖, 可怕, 吓人"),
    "tense": ("긴장", "緊張", "紧张, 緊張"),
    "energetic": ("에너지, 힘찬, 활발", "元気, エネルギッシュ, パワフル", "充满活力, 激情, 热血, 熱血"),
    "aggressive": ("격렬, 거친", "激しい", "激烈, 狂暴"),
    "intense": ("강렬, 빡센", "強烈", "强烈, 強烈"),
    "epic": ("웅장, 장엄, 서사", "壮大, 雄大", "史诗, 史詩, 宏大, 壮阔"),
    "heroic": ("영웅", "英雄, 勇ましい", "英雄"),
    "dramatic": ("극적, 드라마틱", "ドラマチック, 劇的", "戏剧性, 戲劇性"),
    "majestic": ("위풍당당", "荘厳, 堂々", "庄严, 莊嚴, 雄伟, 雄偉"),
    "cool": ("멋진, 세련", "かっこいい, クール, おしゃれ", "酷"),
    "chill": ("칠한, 느긋", "チル", "慵懒, 慵懶"),
    # scenes
    "rain": ("비 오는, 빗소리, 비가 오는, 빗속", "雨", "下雨, 雨天, 雨夜, 雨"),
    "snow": ("눈 내리는, 눈 오는, 첫눈", "雪", "下雪, 雪"),
    "night": ("밤", "夜", "夜晚, 深夜, 夜"),
    "dawn": ("새벽", "夜明け, 明け方", "黎明, 清晨"),
    "morning": ("아침", "朝", "早晨, 早上"),
    "sunset": ("노을, 석양", "夕焼け, 夕暮れ, 夕日", "日落, 夕阳, 夕陽, 黄昏"),
    "moonlight": ("달빛", "月明かり, 月光, 月", "月光, 月亮"),
    "fireflies": ("반딧불", "蛍, ホタル", "萤火虫, 螢火蟲"),
    "cherry blossoms": ("벚꽃", "桜, さくら", "樱花, 櫻花"),
    "campfire": ("모닥불, 캠프파이어", "焚き火, キャンプファイヤー", "篝火, 营火"),
    "sea": ("바다, 파도", "海", "大海, 海浪, 海"),
    "beach": ("해변", "海辺, ビーチ", "海边, 海邊, 沙滩, 沙灘"),
    "forest": ("숲", "森", "森林"),
    "mountains": ("산속", "山", "高山, 山"),
    "space": ("우주", "宇宙", "太空, 宇宙"),
    "stars": ("별빛, 별", "星空, 星", "星空, 星星"),
    "city": ("도시", "都会, 街", "城市, 都市"),
    "coffee": ("카페, 커피", "カフェ, 喫茶店, コーヒー, 珈琲", "咖啡馆, 咖啡館, 咖啡厅, 咖啡廳, 咖啡"),
    "driving": ("드라이브", "ドライブ", "开车, 開車"),
    "train": ("기차, 지하철", "電車, 列車", "火车, 火車, 地铁"),
    "travel": ("여행", "旅", "旅行"),
    "gym": ("헬스장, 운동할", "ジム, 筋トレ", "健身"),
    "cocktail": ("칵테일", "カクテル", "鸡尾酒, 雞尾酒"),
    "studying": ("공부", "勉強", "学习, 學習"),
    "sleep": ("수면, 잠들", "睡眠, 眠り, 眠れ", "睡眠, 入睡, 睡觉, 睡覺"),
    "spring": ("봄", "春", "春天, 春"),
    "summer": ("여름", "夏", "夏天, 夏日"),
    "autumn": ("가을", "秋", "秋天, 秋"),
    "winter": ("겨울", "冬", "冬天, 冬"),
    "wedding": ("결혼식", "結婚式", "婚礼, 婚禮"),
    "birthday": ("생일", "誕生日", "生日"),
    "party": ("파티", "パーティー, パーティ", "派对, 派對, 聚会"),
    "love": ("사랑", "愛, 恋", "爱情, 愛情"),
    "tears": ("눈물", "涙", "眼泪, 眼淚"),
    "dream": ("꿈", "夢", "梦, 夢"),
    "battle": ("전투, 전쟁", "戦闘, 戦い, バトル, 戦争", "战斗, 戰鬥, 战争, 戰爭"),
    "boss battle": ("보스전", "ボス戦, ラスボス", "boss战, 头目战"),
    "adventure": ("모험", "冒険", "冒险, 冒險"),
    "chase": ("추격", "追跡, 追いかけ", "追逐"),
    "knight": ("기사", "騎士, 勇者", "骑士, 騎士"),
    "dragon": ("드래곤, 용", "ドラゴン, 竜, 龍", "巨龙, 巨龍, 龙, 龍"),
    "pirates": ("해적", "海賊", "海盗, 海盜"),
    "samurai": ("사무라이", "サムライ, 侍", "武士"),
    "ninja": ("닌자", "忍者", "忍者"),
    "ghost": ("유령, 귀신", "幽霊, お化け", "幽灵, 幽靈, 鬼魂"),
    "princess": ("공주", "お姫様, 姫", "公主"),
    "angel": ("천사", "天使", "天使"),
    "robot": ("로봇", "ロボット", "机器人, 機器人"),
    "cowboy": ("카우보이", "カウボーイ", "牛仔"),
    "circus": ("서커스", "サーカス", "马戏, 馬戲"),
    "castle": ("성곽", "城", "城堡"),
    "church": ("교회", "教会", "教堂"),
    "village": ("마을", "村", "村庄, 村莊"),
    "desert": ("사막", "砂漠", "沙漠"),
    "window": ("창가", "窓辺, 窓", "窗边, 窗邊"),
    "temple": ("사찰, 절간", "寺, 神社", "寺庙, 寺廟"),
    "retro": ("레트로, 복고", "レトロ", "复古, 復古"),
    "baby": ("아기", "赤ちゃん", "宝宝, 寶寶, 婴儿, 嬰兒"),
    "cat": ("고양이", "猫, ネコ", "猫, 貓"),
    "old record": ("레코드판, 엘피판", "レコード", "唱片, 黑胶"),
    "children": ("어린이, 아이들", "子供, 子ども, こども", "儿童, 兒童, 孩子"),
    "with": ("함께", "", ""),
    "without": ("", "", "没有, 沒有, 不要, 不带, 不帶, 不含, 去掉, 无, 無"),
    "only": ("오직, 오로지", "", "只有, 只用, 仅有, 僅有, 纯, 純, 只要"),
    "solo": ("솔로, 독주", "ソロ, 独奏", "独奏, 獨奏"),
    "unaccompanied": ("무반주", "無伴奏", "无伴奏, 無伴奏"),
    "nothing else": ("", "", "别的都不要, 其他都不要"),
}  # fmt: skip

_EASTERN = re.compile("[\u1100-\u11ff\u3041-\u30ff\u3130-\u318f\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3]")
_MARKS = str.maketrans({"、": ", ", "，": ", ", "。": ". ", **dict.fromkeys("・「」『』【】", " ")})
# What stands before a particle, or after one, stands alone.
_PARTICLES = frozenset("은는이가을를와과의도로에랑만지のと或や和与與跟的地得用加有及を")
_PREFIXES = frozenset("无無纯純")

# "내림마단조", "変ホ短調", "降E小调", "A단조"
_SHARPS, _FLATS = ("올림", "嬰", "升"), ("내림", "変", "變", "降")
_NOTES = dict(zip("다라마바사가나" + "ハニホヘトイロ", "CDEFGAB" * 2, strict=True))
_MODES = {**dict.fromkeys(("장조", "長調", "大调", "大調"), "major"),
          **dict.fromkeys(("단조", "短調", "小调", "小調"), "minor")}  # fmt: skip
_AFTER_A_NOTE = {**_MODES, "메이저": "major", "メジャー": "major", "마이너": "minor", "マイナー": "minor"}
_KEY = re.compile(
    rf"(?P<sign>{'|'.join(_SHARPS + _FLATS)})?(?:(?P<note>[{''.join(_NOTES)}])|(?<![A-Za-z0-9#])(?P<letter>[A-Ga-g]))"
    rf"(?P<accidental>[#♯♭b])? ?(?P<mode>{'|'.join(_AFTER_A_NOTE)})"
)
_COUNT = re.compile(
    r"(?:每分钟|每分鐘|毎分)? ?(?P<bpm>\d{2,3}) ?(?:拍(?!子)|비피엠)|(?:템포|テンポ|速度) ?(?P<tempo>\d{2,3})"
)
# "4분의 3박자", "三拍子", "四分之三拍"
_METER = re.compile(r"(?<![\d/])(?:[48四八](?:분의|分の|分之) ?)?(?P<beats>[346삼사육三四六]) ?(?:박자|拍子?)")
_METERS = dict(zip("346삼사육三四六", ("3/4", "4/4", "6/8") * 3, strict=True))

# What follows a word, and what it is before it in English; with a list before it, all of that is meant.
_AFTER = (
    (re.compile(r"지 ?(?:않|말)[가-힣]*|(?<=く)(?:は|も)?(?:ない|なく)|(?:では|じゃ)(?:ない|なく)"), "not"),
    (re.compile(r"(?:은|는|이|가|을|를|도)? ?(?:없|빼|제외|말고)[가-힣]*"
                r"|[はがもをの]?(?:なし|無し|ナシ|ない|無い|抜き|ぬき|要らない|いらない|不要|使わず|使わない|以外)"
                r"で?の?"), "without"),
    (re.compile(r"만(?!들)(?:으로)?|뿐|だけ(?:で|の)?|のみ|オンリー"), "only"),
    (re.compile(r" ?독주|の?独奏|獨奏|独奏"), "solo"),
)  # fmt: skip
_DEGREES = ("too", "very")  # go along with the word after them
_JOIN = re.compile(r" ?(?:와|과|랑|이랑|하고|및|그리고|と|や|和|与|與|跟|以及|&) ?")


def written_in(text: str) -> bool:
    """Whether most letters of a text are those of Korean, Japanese or Chinese."""
    return 2 * len(_EASTERN.findall(text)) > sum(map(str.isalpha, text))


def in_english(text: str) -> str:
    """The text with its music words in Korean, Japanese and Chinese put into English; itself if it has none."""
    if not _EASTERN.search(text):
        return text
    text = unicodedata.normalize("NFKC", text.translate(_MARKS))
    out: list[str] = []
    listed = end = 0  # where in ``out`` the list begins that a word after it is about; how far ``text`` is read
    for match in _FOUND.finditer(text):
        if match.start() < end or not _alone(text, match, end):
            continue
        between = text[end : match.start()]
        if listed < len(out) and _JOIN.fullmatch(between):
            out.append("and")
        elif between.strip() or not out or out[-1] not in _DEGREES:
            if between.startswith("的") and "without" in out[listed - 1 : listed]:
                out.append(",")  # "没有鼓的吉他"
            out += [rest] if (rest := _EASTERN.sub(" ", between).strip()) else []
            listed = len(out)
        out.append(_said(match))
        end = match.end()
        for form, before in _AFTER:
            if after := form.match(text, end):
                named = ["or" if word == "and" and before != "only" else word for word in out[listed:]]
                out[listed:] = [before, *named, ","]
                end, listed = after.end(), len(out)
                break
    if not out:
        return text
    out.append(_EASTERN.sub(" ", text[end:]))
    english = re.sub(r"(?: *,)+", ",", " ".join(" ".join(out).split()))
    return re.sub(r" +(?=[.;:!?)])", "", english).strip(" ,")


def _said(match: re.Match[str]) -> str:
    """What is found, in English."""
    if name := match["word"]:
        return _WORDS[name.replace(" ", "").lower()]
    if mode := match["mode"]:
        note = _NOTES[match["note"]] if match["note"] else match["letter"].upper()
        sign = "#" if match["sign"] in _SHARPS else "b" if match["sign"] in _FLATS else match["accidental"] or ""
        return f"{note}{sign} {_AFTER_A_NOTE[mode]}"
    if bpm := match["bpm"] or match["tempo"]:
        return f"{bpm} bpm"
    return _METERS[match["beats"]]


def _alone(text: str, match: re.Match[str], end: int) -> bool:
    """Whether what is found is no part of another word: a short one begins after what was read, or a particle."""
    word = match["word"]
    if not word:
        return True
    left = "" if match.start() == end else text[match.start() - 1]
    first, right = word[0], text[match.end() : match.end() + 1]
    if "가" <= first <= "힣":
        return len(word) > 1 or not any("가" <= one <= "힣" and one not in _PARTICLES for one in (left, right))
    if "ァ" <= first <= "ー":
        return len(word) > 3 or not "ァ" <= left <= "ー"
    beside = (left,) if word in _PREFIXES else (left, right)
    return len(word) > 1 or not any("一" <= one <= "鿿" and one not in _PARTICLES for one in beside)


def _forms(cell: str) -> list[str]:
    """The words of a cell; a Japanese adjective, which ends with い, has a form with く."""
    words = [word for word in cell.split(", ") if word]
    return [*words, *(f"{word[:-1]}く" for word in words if word.endswith("い"))]


_LISTED = {word: english for english, cells in _ROWS.items() for cell in cells for word in _forms(cell)}
_LISTED |= {word: f"{mode} key" for word, mode in _MODES.items()}
_WORDS = {word.replace(" ", ""): english for word, english in _LISTED.items()}
_FOUND = re.compile("{}|{}|{}|(?P<word>{})".format(
    _KEY.pattern, _COUNT.pattern, _METER.pattern,
    "|".join(re.escape(word).replace(r"\ ", " ?") for word in sorted(_LISTED, key=len, reverse=True)),
), re.IGNORECASE)
